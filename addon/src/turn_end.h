#pragma once

#include <napi.h>

#include <functional>
#include <memory>

#include "base/status.h"

namespace nasgi::addon {

// Calls back once at the end of the current turn of the event loop, when that has been asked for:
// after the callbacks of I/O, or before the loop waits, whichever is first. Does not keep the
// process alive.
//
// Thread safety: the environment's own thread, which also runs the callback.
// Lifetime: ends with Close(), the destructor, or the environment, whichever is first; no callback
// comes after that.
// Failure: see Start().
class TurnEnd {
 public:
  TurnEnd() = default;
  ~TurnEnd() { Close(); }
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;

  // To be called once. Fails with kInvalidArgument when the environment is ending.
  base::Status Start(napi_env env, std::function<void()> on_end);
  // Asks for the callback. Further calls in the same turn do nothing, nor does a call when it is
  // not running.
  void Expect();
  // May be called from within the callback, and repeatedly.
  void Close();

 private:
  struct Handles;
  std::shared_ptr<Handles> handles_;
};

}  // namespace nasgi::addon
