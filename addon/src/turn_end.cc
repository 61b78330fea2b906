#include "turn_end.h"

#include <memory>
#include <utility>

namespace nasgi::addon {

// What libuv and the environment's clean-up hook hold; deletes itself when libuv has closed both.
struct TurnEnd::Handles {
  uv_check_t after_io{};
  uv_prepare_t before_wait{};
  int open = 2;
  bool expected = false;
  TurnEnd* owner = nullptr;
  std::function<void()> on_end;
  napi_async_cleanup_hook_handle hook = nullptr;

  template <class Handle>
  static void OnTurn(Handle* handle) {
    static_cast<Handles*>(handle->data)->End();
  }
  void End() {
    uv_check_stop(&after_io);
    uv_prepare_stop(&before_wait);
    expected = false;
    if (owner != nullptr) on_end();
  }
  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle /*hook*/, void* data) {
    auto* handles = static_cast<Handles*>(data);
    if (handles->owner != nullptr) handles->owner->Close();
  }
  static void OnClosed(uv_handle_t* closed) {
    auto* handles = static_cast<Handles*>(closed->data);
    if (--handles->open > 0) return;
    const std::unique_ptr<Handles> last(handles);
    if (last->hook != nullptr) napi_remove_async_cleanup_hook(last->hook);
  }
};

base::Status TurnEnd::Start(napi_env env, std::function<void()> on_end) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) {
    return base::Status::InvalidArgument("this environment has no event loop");
  }
  handles_ =
      std::make_unique<Handles>().release();  // libuv knows them: only OnClosed may free them
  handles_->owner = this;
  handles_->on_end = std::move(on_end);
  handles_->after_io.data = handles_;
  handles_->before_wait.data = handles_;
  uv_check_init(loop, &handles_->after_io);
  uv_prepare_init(loop, &handles_->before_wait);
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->after_io));
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->before_wait));
  if (napi_add_async_cleanup_hook(env, Handles::OnEnvironmentEnd, handles_, &handles_->hook) !=
      napi_ok) {
    Close();
    return base::Status::InvalidArgument("this environment is ending");
  }
  return base::Status::Ok();
}

void TurnEnd::Expect() {
  if (handles_ == nullptr || std::exchange(handles_->expected, true)) return;
  uv_check_start(&handles_->after_io, Handles::OnTurn<uv_check_t>);
  uv_prepare_start(&handles_->before_wait, Handles::OnTurn<uv_prepare_t>);
}

void TurnEnd::Close() {
  if (handles_ == nullptr) return;
  Handles* handles = std::exchange(handles_, nullptr);
  handles->owner = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&handles->after_io), Handles::OnClosed);
  uv_close(reinterpret_cast<uv_handle_t*>(&handles->before_wait), Handles::OnClosed);
}

}  // namespace nasgi::addon
