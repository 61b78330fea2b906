#pragma once

#include <napi.h>
#include <uv.h>

#include <functional>
#include <memory>

#include "base/status.h"

namespace nasgi::addon {

// Calls back on the environment's own thread while a descriptor is readable (level-triggered).
// Starts unreferenced: it does not keep the process alive until Ref().
//
// Lifetime: the libuv handle outlives this object until libuv lets go of it, and is closed when the
// environment ends, whichever comes first. The descriptor must stay open until then or Close().
class PollWatcher {
 public:
  PollWatcher() = default;
  ~PollWatcher() { Close(); }
  PollWatcher(const PollWatcher&) = delete;
  PollWatcher& operator=(const PollWatcher&) = delete;

  base::Status Start(napi_env env, int fd, std::function<void()> on_readable);
  void Ref();
  void Unref();
  // No callback comes after it. May be called from within the callback, and again.
  void Close();

 private:
  struct Handle;
  Handle* handle_ = nullptr;
};

}  // namespace nasgi::addon
