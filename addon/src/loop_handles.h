#pragma once

#include <napi.h>
#include <uv.h>

#include <array>
#include <initializer_list>
#include <memory>

#include "base/status.h"

namespace nasgi::addon {

// The libuv handles of one object, and their life in the event loop of its environment. The states
// of PollWatcher and TurnEnd derive from it.
//
// libuv keeps using a handle until its close callback has run, in a later turn of the loop, by when
// the object that started it may be gone. So the handles live in an object of their own, which its
// owner and libuv share.
//
// Thread safety: the environment's own thread.
// Lifetime: owned by shared_ptr. After Adopt() it lives until its owner has dropped it and libuv
// has closed all handles. Close() or the end of the environment closes them, whichever is first; a
// handle that was not unreferenced (uv_unref) keeps the environment alive until then.
// Failure: see LoopOf() and Adopt().
class LoopHandles : public std::enable_shared_from_this<LoopHandles> {
 public:
  LoopHandles(const LoopHandles&) = delete;
  LoopHandles& operator=(const LoopHandles&) = delete;
  virtual ~LoopHandles() = default;

  // No callback of the handles comes after it. Repeated calls do nothing; may be called from within
  // a callback.
  void Close();
  [[nodiscard]] bool closed() const { return closed_; }

 protected:
  LoopHandles() = default;

  // The loop of `env`. kInvalidArgument: it has none.
  static base::Result<uv_loop_t*> LoopOf(napi_env env);

  // Takes over handles, members of this object that libuv has initialised and not started. To be
  // called once. Any failure means that the environment is ending; the handles are closed then.
  base::Status Adopt(napi_env env, std::initializer_list<uv_handle_t*> handles);

  // The object that adopted `handle`, for a callback of libuv.
  template <class Derived>
  [[nodiscard]] static Derived* Of(const auto* handle) {
    return static_cast<Derived*>(static_cast<LoopHandles*>(handle->data));
  }

 private:
  static constexpr size_t kMaxHandles = 2;

  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle hook, void* data);
  static void OnClosed(uv_handle_t* handle);

  std::array<uv_handle_t*, kMaxHandles> handles_{};
  size_t open_ = 0;  // handles that libuv has not closed
  bool closed_ = false;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  std::shared_ptr<LoopHandles> self_;  // libuv's share, while open_ > 0
};

// libuv's base type of a handle, which in C is its first member.
[[nodiscard]] uv_handle_t* HandleOf(auto* handle) { return reinterpret_cast<uv_handle_t*>(handle); }

}  // namespace nasgi::addon
