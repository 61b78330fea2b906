#include "poll_watcher.h"

namespace nasgi::addon {

// What libuv and the environment's clean-up hook hold; deletes itself when libuv has closed it.
struct PollWatcher::Handle {
  uv_poll_t poll{};
  PollWatcher* owner = nullptr;
  std::function<void()> on_readable;
  napi_async_cleanup_hook_handle hook = nullptr;

  static void OnPoll(uv_poll_t* poll, int /*status*/, int /*events*/) {
    // An error is left to the callback: it finds out by reading.
    const auto* handle = static_cast<Handle*>(poll->data);
    if (handle->owner != nullptr) handle->on_readable();
  }
  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle /*hook*/, void* data) {
    auto* handle = static_cast<Handle*>(data);
    if (handle->owner != nullptr) handle->owner->Close();
  }
  static void OnClosed(uv_handle_t* closed) {
    const std::unique_ptr<Handle> handle(static_cast<Handle*>(closed->data));
    if (handle->hook != nullptr) napi_remove_async_cleanup_hook(handle->hook);
  }
};

base::Status PollWatcher::Start(napi_env env, int fd, std::function<void()> on_readable) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) {
    return base::Status::InvalidArgument("this environment has no event loop");
  }
  auto handle = std::make_unique<Handle>();
  handle->poll.data = handle.get();
  if (const int error = uv_poll_init(loop, &handle->poll, fd); error != 0) {
    return base::Status::FromErrno("uv_poll_init", -error);
  }
  // From here on libuv knows the handle: only OnClosed may free it.
  handle_ = handle.release();
  handle_->owner = this;
  handle_->on_readable = std::move(on_readable);
  if (napi_add_async_cleanup_hook(env, Handle::OnEnvironmentEnd, handle_, &handle_->hook) !=
      napi_ok) {
    Close();
    return base::Status::InvalidArgument("this environment is ending");
  }
  if (const int error = uv_poll_start(&handle_->poll, UV_READABLE, Handle::OnPoll); error != 0) {
    Close();
    return base::Status::FromErrno("uv_poll_start", -error);
  }
  Unref();
  return base::Status::Ok();
}

void PollWatcher::Ref() {
  if (handle_ != nullptr) uv_ref(reinterpret_cast<uv_handle_t*>(&handle_->poll));
}

void PollWatcher::Unref() {
  if (handle_ != nullptr) uv_unref(reinterpret_cast<uv_handle_t*>(&handle_->poll));
}

void PollWatcher::Close() {
  if (handle_ == nullptr) return;
  Handle* handle = std::exchange(handle_, nullptr);
  handle->owner = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&handle->poll), Handle::OnClosed);
}

}  // namespace nasgi::addon
