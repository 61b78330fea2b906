#include "process/system_calls.h"

#include <sys/prctl.h>

#include "py/ref.h"

namespace nasgi::worker {

PyObject* SetParentDeathSignal(PyObject* /*module*/, PyObject* args) {
  int signal = 0;
  if (PyArg_ParseTuple(args, "i:set_parent_death_signal", &signal) == 0) return nullptr;
  if (prctl(PR_SET_PDEATHSIG, signal) != 0) return PyErr_SetFromErrno(PyExc_OSError);
  return py::NewNone();
}

}  // namespace nasgi::worker
