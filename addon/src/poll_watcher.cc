#include "poll_watcher.h"

#include <uv.h>

#include <utility>

#include "loop_handles.h"

namespace nasgi::addon {

struct PollWatcher::Handle : LoopHandles {
  uv_poll_t poll{};
  uv_idle_t soon{};  // runs in the next turn, and keeps the loop from waiting until then
  std::function<void()> on_readable;

  base::Status Open(napi_env env, int fd) {
    const base::Result<uv_loop_t*> loop = LoopOf(env);
    if (!loop.ok()) return loop.status();
    if (const int error = uv_poll_init(loop.value(), &poll, fd); error != 0) {
      return base::Status::FromErrno("uv_poll_init", -error);
    }
    uv_idle_init(loop.value(), &soon);
    uv_unref(HandleOf(&soon));
    if (base::Status adopted = Adopt(env, {HandleOf(&poll), HandleOf(&soon)}); !adopted.ok()) {
      return adopted;
    }
    if (const int error = uv_poll_start(&poll, UV_READABLE, OnPoll); error != 0) {
      Close();
      return base::Status::FromErrno("uv_poll_start", -error);
    }
    return base::Status::Ok();
  }

  static void OnPoll(uv_poll_t* poll, int /*status*/, int /*events*/) {
    Of<Handle>(poll)->on_readable();
  }

  static void OnSoon(uv_idle_t* soon) {
    uv_idle_stop(soon);
    Of<Handle>(soon)->on_readable();
  }
};

base::Status PollWatcher::Start(napi_env env, int fd, std::function<void()> on_readable) {
  auto handle = std::make_shared<Handle>();
  handle->on_readable = std::move(on_readable);
  if (base::Status opened = handle->Open(env, fd); !opened.ok()) return opened;
  handle_ = std::move(handle);
  Unref();
  return base::Status::Ok();
}

void PollWatcher::CallBackSoon() {
  if (handle_ != nullptr && !handle_->closed()) uv_idle_start(&handle_->soon, Handle::OnSoon);
}

void PollWatcher::Ignore() {
  if (handle_ != nullptr && !handle_->closed()) uv_poll_stop(&handle_->poll);
}

void PollWatcher::Ref() {
  if (handle_ != nullptr && !handle_->closed()) uv_ref(HandleOf(&handle_->poll));
}

void PollWatcher::Unref() {
  if (handle_ != nullptr && !handle_->closed()) uv_unref(HandleOf(&handle_->poll));
}

void PollWatcher::Close() {
  if (handle_ != nullptr) std::exchange(handle_, nullptr)->Close();
}

}  // namespace nasgi::addon
