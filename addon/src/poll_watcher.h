#pragma once

#include <napi.h>

#include <functional>
#include <memory>

#include "base/status.h"

namespace nasgi::addon {

// Calls back while a descriptor is readable (level-triggered). An error on the descriptor counts as
// readable: the callback finds out by reading.
//
// Thread safety: the environment's own thread, which also runs the callback.
// Lifetime: ends with Close(), the destructor, or the environment, whichever is first; no callback
// comes after that. The descriptor must stay open until then.
// Failure: see Start().
class PollWatcher {
 public:
  PollWatcher() = default;
  ~PollWatcher() { Close(); }
  PollWatcher(const PollWatcher&) = delete;
  PollWatcher& operator=(const PollWatcher&) = delete;

  // To be called once. A watcher starts unreferenced: it does not keep the process alive.
  // Fails with kOs when libuv cannot watch the descriptor, and with kInvalidArgument when the
  // environment is ending; nothing is watched then.
  base::Status Start(napi_env env, int fd, std::function<void()> on_readable);
  // Calls back in the next turn of the event loop, whether the descriptor is readable or not.
  void CallBackSoon();
  // Stops watching the descriptor, for example because it will be readable for ever. CallBackSoon()
  // still works.
  void Ignore();
  // Whether this watcher keeps the process alive. They do nothing when it is not running.
  void Ref();
  void Unref();
  // May be called from within the callback, and repeatedly.
  void Close();

 private:
  struct Handle;
  std::shared_ptr<Handle> handle_;
};

}  // namespace nasgi::addon
