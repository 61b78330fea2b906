#pragma once

#include <Python.h>

#include "py/ref.h"

namespace nasgi::worker {

// The Python type `Channel`, through which worker.py drives a Channel. Needs the GIL. Nothing with
// an exception set if it cannot be made.
[[nodiscard]] py::Ref MakeChannelType(PyObject* module);

}  // namespace nasgi::worker
