#pragma once

#include <Python.h>

namespace nasgi::worker {

// New references to the types, or null with an exception set.
PyTypeObject* MakeHttpCycleType(PyObject* module);
PyTypeObject* MakeWebSocketCycleType(PyObject* module);

}  // namespace nasgi::worker
