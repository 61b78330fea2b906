#pragma once

#include "py/ref.h"

namespace nasgi::worker {

// Names of methods of the event loop, of its futures and tasks, and of coroutines, interned once.
//
// Thread safety: needs the GIL; constant after Init.
// Failure: Init returns false with a Python exception set.
struct MethodNames {
  py::Ref call_later, call_soon, create_future, done, set_result, cancel, throw_, await;

  [[nodiscard]] bool Init();
};

}  // namespace nasgi::worker
