#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <vector>

#include "process/seccomp.h"
#include "process/seccomp_filter.h"
#include "py/ref.h"

namespace nasgi::worker {

PyObject* DenySystemCalls(PyObject* /*module*/, PyObject* /*args*/) {
  std::vector<sock_filter> instructions = SystemCallFilter();
  const sock_fprog filter = {static_cast<unsigned short>(instructions.size()), instructions.data()};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) {
    return PyErr_SetFromErrno(PyExc_OSError);
  }
  return py::NewNone();
}

}  // namespace nasgi::worker
