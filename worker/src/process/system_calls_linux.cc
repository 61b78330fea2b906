#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "process/landlock.h"
#include "process/seccomp.h"
#include "process/system_calls.h"
#include "py/ref.h"

namespace nasgi::worker {

namespace {

PyObject* NoneOrError(bool ok) { return ok ? py::NewNone() : PyErr_SetFromErrno(PyExc_OSError); }

// The kernel sends this process the signal when its parent ends. A parent that has ended before the
// call goes unnoticed.
PyObject* SetParentDeathSignal(PyObject* /*module*/, PyObject* args) {
  int signal = 0;
  if (PyArg_ParseTuple(args, "i:set_parent_death_signal", &signal) == 0) return nullptr;
  return NoneOrError(prctl(PR_SET_PDEATHSIG, signal) == 0);
}

// Whether processes of the same user may trace this one, and whether it leaves core files. If not,
// its files in /proc belong to root. Lasts across fork, not across exec.
PyObject* SetDumpable(PyObject* /*module*/, PyObject* args) {
  int dumpable = 0;
  if (PyArg_ParseTuple(args, "p:set_dumpable", &dumpable) == 0) return nullptr;
  return NoneOrError(prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0) == 0);
}

// Descendants whose parents have ended become children of this process. Lasts across exec, not
// across fork.
PyObject* SetChildSubreaper(PyObject* /*module*/, PyObject* /*args*/) {
  return NoneOrError(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
}

// From now on, no program that is executed gains privileges. Of the calling thread, and those that
// it starts later.
PyObject* SetNoNewPrivileges(PyObject* /*module*/, PyObject* /*args*/) {
  return NoneOrError(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
}

// Gives up all capabilities, and those that executed programs could gain. Of the calling thread,
// and those that it starts later.
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

PyMethodDef functions[] = {
    {"set_parent_death_signal", SetParentDeathSignal, METH_VARARGS,
     "set_parent_death_signal(signum): prctl(PR_SET_PDEATHSIG)."},
    {"set_dumpable", SetDumpable, METH_VARARGS, "set_dumpable(dumpable): prctl(PR_SET_DUMPABLE)."},
    {"set_child_subreaper", SetChildSubreaper, METH_NOARGS,
     "set_child_subreaper(): prctl(PR_SET_CHILD_SUBREAPER)."},
    {"set_no_new_privileges", SetNoNewPrivileges, METH_NOARGS,
     "set_no_new_privileges(): prctl(PR_SET_NO_NEW_PRIVS)."},
    {"drop_capabilities", DropCapabilities, METH_NOARGS,
     "drop_capabilities(): gives up all capabilities."},
    {"restrict_files", RestrictFiles, METH_VARARGS,
     "restrict_files(read, write): from now on this process may open only what is below the\n"
     "directories of the lists. Returns the paths that do not exist."},
    {"deny_system_calls", DenySystemCalls, METH_NOARGS,
     "deny_system_calls(): from now on system calls fail that applications do not need."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

PyMethodDef* SystemCalls() { return functions; }

}  // namespace nasgi::worker
