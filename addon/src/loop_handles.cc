#include "loop_handles.h"

#include <cassert>
#include <utility>

namespace nasgi::addon {

base::Result<uv_loop_t*> LoopHandles::LoopOf(napi_env env) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) {
    return base::Status::InvalidArgument("this environment has no event loop");
  }
  return loop;
}

base::Status LoopHandles::Adopt(napi_env env, std::initializer_list<uv_handle_t*> handles) {
  assert(open_ == 0 && handles.size() <= kMaxHandles);
  for (uv_handle_t* handle : handles) {
    handle->data = this;
    handles_[open_++] = handle;
  }
  self_ = shared_from_this();
  if (napi_add_async_cleanup_hook(env, OnEnvironmentEnd, this, &hook_) != napi_ok) {
    Close();
    return base::Status::InvalidArgument("this environment is ending");
  }
  return base::Status::Ok();
}

void LoopHandles::Close() {
  if (std::exchange(closed_, true)) return;
  for (size_t i = 0; i < open_; ++i) uv_close(handles_[i], OnClosed);
}

void LoopHandles::OnEnvironmentEnd(napi_async_cleanup_hook_handle /*hook*/, void* data) {
  static_cast<LoopHandles*>(data)->Close();
}

void LoopHandles::OnClosed(uv_handle_t* handle) {
  auto* handles = Of<LoopHandles>(handle);
  if (--handles->open_ > 0) return;
  if (handles->hook_ != nullptr) napi_remove_async_cleanup_hook(handles->hook_);
  handles->self_.reset();  // may delete `handles`
}

}  // namespace nasgi::addon
