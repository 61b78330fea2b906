#pragma once

#include <Python.h>

// System calls that Python's library lacks, as Python functions of the module.
//
// Thread safety: needs the GIL. They change the whole process.
// Failure: null with an exception set.
namespace nasgi::worker {

// set_parent_death_signal(signum): the kernel sends this process the signal when its parent ends.
// A parent that has ended before the call goes unnoticed.
PyObject* SetParentDeathSignal(PyObject* module, PyObject* args);

}  // namespace nasgi::worker
