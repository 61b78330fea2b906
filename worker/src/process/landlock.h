#pragma once

#include <Python.h>

// Landlock (landlock(7)): which files a process may open, as a Python function of the module.
//
// Thread safety: needs the GIL. Restricts the calling thread and those that it starts later, so it
// is for a process that has no other thread.
// Failure: null with an exception set. After OSError the process is as it was before.
namespace nasgi::worker {

// restrict_files(read, write): from now on, only files below the paths of the two lists can be
// opened. Those of `read` may be read and executed, those of `write` read, written, made and
// removed, but not executed. Where the kernel can (version 6 of Landlock), it also refuses signals
// and abstract Unix sockets to processes outside. Lasts across fork and exec. A second call can
// only restrict further. Needs set_no_new_privileges() or CAP_SYS_ADMIN.
//
// Returns the list of the paths that cannot be opened. They are left out.
PyObject* RestrictFiles(PyObject* module, PyObject* args);

}  // namespace nasgi::worker
