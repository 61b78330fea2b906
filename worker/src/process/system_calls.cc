#include "process/system_calls.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "py/ref.h"

namespace nasgi::worker {

namespace {

PyObject* NoneOrError(bool ok) { return ok ? py::NewNone() : PyErr_SetFromErrno(PyExc_OSError); }

}  // namespace

PyObject* SetParentDeathSignal(PyObject* /*module*/, PyObject* args) {
  int signal = 0;
  if (PyArg_ParseTuple(args, "i:set_parent_death_signal", &signal) == 0) return nullptr;
  return NoneOrError(prctl(PR_SET_PDEATHSIG, signal) == 0);
}

PyObject* SetDumpable(PyObject* /*module*/, PyObject* args) {
  int dumpable = 0;
  if (PyArg_ParseTuple(args, "p:set_dumpable", &dumpable) == 0) return nullptr;
  return NoneOrError(prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0) == 0);
}

PyObject* SetChildSubreaper(PyObject* /*module*/, PyObject* /*args*/) {
  return NoneOrError(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
}

PyObject* SetNoNewPrivileges(PyObject* /*module*/, PyObject* /*args*/) {
  return NoneOrError(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
}

PyObject* DropCapabilities(PyObject* /*module*/, PyObject* /*args*/) {
  // What the bounding set lacks, root does not gain by executing a program. Only a process that may
  // change the set has something to drop from it, and a kernel knows fewer capabilities than 64.
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) break;
  }
  (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  return NoneOrError(syscall(SYS_capset, &header, none.data()) == 0);
}

}  // namespace nasgi::worker
