#include "process/system_calls.h"

#include <sys/prctl.h>
#include <unistd.h>

#include "py/ref.h"

namespace nasgi::worker {

PyObject* SetParentDeathSignal(PyObject* /*module*/, PyObject* args) {
  int signal = 0;
  if (PyArg_ParseTuple(args, "i:set_parent_death_signal", &signal) == 0) return nullptr;
  if (prctl(PR_SET_PDEATHSIG, signal) != 0) return PyErr_SetFromErrno(PyExc_OSError);
  return py::NewNone();
}

PyObject* CloseFdsFrom(PyObject* /*module*/, PyObject* args) {
  int lowest = 0;
  if (PyArg_ParseTuple(args, "i:close_fds_from", &lowest) == 0) return nullptr;
  closefrom(lowest);
  return py::NewNone();
}

}  // namespace nasgi::worker
