#pragma once

#include <napi.h>
#include <uv.h>

#include <functional>

#include "base/status.h"

namespace nasgi::addon {

// Calls back once, on the environment's own thread, at the end of the turn of the event loop in
// which that was asked for: when the callbacks of I/O are done, or before the loop waits, whichever
// is first. Does not keep the process alive.
//
// Lifetime: as that of a PollWatcher.
class TurnEnd {
 public:
  TurnEnd() = default;
  ~TurnEnd() { Close(); }
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;

  base::Status Start(napi_env env, std::function<void()> on_end);
  // Asks for the callback; again in the same turn does nothing.
  void Expect();
  // No callback comes after it. May be called from within the callback, and again.
  void Close();

 private:
  struct Handles;
  Handles* handles_ = nullptr;
};

}  // namespace nasgi::addon
