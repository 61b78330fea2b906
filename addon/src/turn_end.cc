#include "turn_end.h"

#include <uv.h>

#include <utility>

#include "loop_handles.h"

namespace nasgi::addon {

struct TurnEnd::Handles : LoopHandles {
  uv_check_t after_io{};
  uv_prepare_t before_wait{};
  bool expected = false;
  std::function<void()> on_end;

  base::Status Open(napi_env env) {
    const base::Result<uv_loop_t*> loop = LoopOf(env);
    if (!loop.ok()) return loop.status();
    uv_check_init(loop.value(), &after_io);
    uv_prepare_init(loop.value(), &before_wait);
    uv_unref(HandleOf(&after_io));
    uv_unref(HandleOf(&before_wait));
    return Adopt(env, {HandleOf(&after_io), HandleOf(&before_wait)});
  }

  void Expect() {
    if (closed() || std::exchange(expected, true)) return;
    uv_check_start(&after_io, OnTurn<uv_check_t>);
    uv_prepare_start(&before_wait, OnTurn<uv_prepare_t>);
  }

  template <class Handle>
  static void OnTurn(Handle* handle) {
    Of<Handles>(handle)->End();
  }
  void End() {
    uv_check_stop(&after_io);
    uv_prepare_stop(&before_wait);
    expected = false;
    on_end();
  }
};

base::Status TurnEnd::Start(napi_env env, std::function<void()> on_end) {
  auto handles = std::make_shared<Handles>();
  handles->on_end = std::move(on_end);
  if (base::Status opened = handles->Open(env); !opened.ok()) return opened;
  handles_ = std::move(handles);
  return base::Status::Ok();
}

void TurnEnd::Expect() {
  if (handles_ != nullptr) handles_->Expect();
}

void TurnEnd::Close() {
  if (handles_ != nullptr) std::exchange(handles_, nullptr)->Close();
}

}  // namespace nasgi::addon
