#pragma once

#include <Python.h>

// A seccomp filter (seccomp(2)), as a Python function of the module.
//
// Thread safety: needs the GIL. Restricts the calling thread and those that it starts later, so it
// is for a process that has no other thread.
// Failure: null with OSError set. The process is as it was before.
namespace nasgi::worker {

// deny_system_calls(): from now on, these fail: tracing and reading other processes, taking their
// descriptors, new namespaces, mounting, loading code into the kernel, keys, performance counters,
// io_uring, and sockets other than Unix, TCP, UDP and netlink. So does what uses the system calls
// of another architecture. Lasts across fork and exec. Needs set_no_new_privileges() or
// CAP_SYS_ADMIN.
PyObject* DenySystemCalls(PyObject* module, PyObject* args);

}  // namespace nasgi::worker
