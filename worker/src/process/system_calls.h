#pragma once

#include <Python.h>

// System calls that Python's library lacks, as Python functions of the module.
//
// Thread safety: all need the GIL. They change the whole process, except for set_no_new_privileges
// and drop_capabilities, which change the calling thread and those that it starts later.
// Failure: null with an exception set.
namespace nasgi::worker {

// set_parent_death_signal(signum): the kernel sends this process the signal when its parent ends.
// A parent that has ended before the call goes unnoticed.
PyObject* SetParentDeathSignal(PyObject* module, PyObject* args);

// set_dumpable(dumpable): whether processes of the same user may trace this one, and whether it
// leaves core files. If not, its files in /proc belong to root. Lasts across fork, not across exec.
PyObject* SetDumpable(PyObject* module, PyObject* args);

// set_child_subreaper(): descendants whose parents have ended become children of this process.
// Lasts across exec, not across fork.
PyObject* SetChildSubreaper(PyObject* module, PyObject* args);

// set_no_new_privileges(): from now on, no program that is executed gains privileges.
PyObject* SetNoNewPrivileges(PyObject* module, PyObject* args);

// drop_capabilities(): gives up all capabilities, and those that executed programs could gain.
PyObject* DropCapabilities(PyObject* module, PyObject* args);

}  // namespace nasgi::worker
