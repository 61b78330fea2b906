#pragma once

#include <Python.h>

#include "py/ref.h"

// The Python types of the cycles: the coroutines that run the app.
//
// Thread safety: everything here needs the GIL.
// Failure: nothing, with an exception set.
namespace nasgi::worker {

[[nodiscard]] py::Ref MakeHttpCycleType(PyObject* module);       // of Box<HttpCycle>
[[nodiscard]] py::Ref MakeWebSocketCycleType(PyObject* module);  // of Box<WebSocketCycle>

}  // namespace nasgi::worker
