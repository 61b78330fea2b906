#pragma once

#include <Python.h>

// System calls that Python's library lacks, as Python functions of the module. Each system has
// functions of its own (system_calls_linux.cc, system_calls_macos.cc), which
// node_asgi_worker/system presents under the same names.
//
// Thread safety: all need the GIL. They change the whole process, unless they say otherwise.
// Failure: null with an exception set.
namespace nasgi::worker {

// A table for PyModule_AddFunctions, which lives as long as the process.
[[nodiscard]] PyMethodDef* SystemCalls();

}  // namespace nasgi::worker
