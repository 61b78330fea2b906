#include <mach-o/dyld.h>
#include <mach/mach.h>
#include <sys/event.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>
#include <thread>
#include <utility>

#include "base/unique_fd.h"
#include "process/system_calls.h"
#include "py/ref.h"

namespace nasgi::worker {

using py::Ref;

namespace {

// Blocks all signals of the calling thread while it lives. A thread that is started meanwhile
// never gets any.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// A thread sends this process the signal when its parent ends. A parent that has ended before the
// call goes unnoticed.
PyObject* WatchParent(PyObject* /*module*/, PyObject* args) {
  int parent = 0;
  int signal = 0;
  if (PyArg_ParseTuple(args, "ii:watch_parent", &parent, &signal) == 0) return nullptr;
  base::UniqueFd queue(kqueue());
  if (!queue.valid()) return PyErr_SetFromErrno(PyExc_OSError);
  struct kevent change{};
  EV_SET(&change, static_cast<uintptr_t>(parent), EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT, 0,
         nullptr);
  if (kevent(queue.get(), &change, 1, nullptr, 0, nullptr) != 0) {
    return errno == ESRCH ? py::NewNone() : PyErr_SetFromErrno(PyExc_OSError);
  }
  const SignalsBlocked blocked;
  try {
    std::thread([queue = std::move(queue), signal] {
      struct kevent event{};
      while (kevent(queue.get(), nullptr, 0, &event, 1, nullptr) < 0 && errno == EINTR) {
      }
      kill(getpid(), signal);
    }).detach();
  } catch (const std::system_error& error) {
    errno = error.code().value();
    return PyErr_SetFromErrno(PyExc_OSError);
  }
  return py::NewNone();
}

void Die(int /*signal*/) { kill(getpid(), SIGKILL); }

// Whether a signal kills this process at once, whatever it is doing. If not, the signal is ignored.
PyObject* SetDeadly(PyObject* /*module*/, PyObject* args) {
  int signal = 0;
  int deadly = 0;
  if (PyArg_ParseTuple(args, "ip:set_deadly", &signal, &deadly) == 0) return nullptr;
  struct sigaction action{};
  action.sa_handler = deadly != 0 ? Die : SIG_DFL;
  if (sigaction(signal, &action, nullptr) != 0) return PyErr_SetFromErrno(PyExc_OSError);
  return py::NewNone();
}

// The pid of a child that is to be reaped, and whether a signal has ended it; None: no child has
// ended.
PyObject* EndedChild(PyObject* /*module*/, PyObject* /*args*/) {
  siginfo_t info{};
  if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
    return PyErr_SetFromErrno(PyExc_OSError);
  }
  if (info.si_pid == 0) return py::NewNone();
  const bool was_signalled = info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
  return Py_BuildValue("(iO)", static_cast<int>(info.si_pid), was_signalled ? Py_True : Py_False);
}

// The threads of this process, as the kernel gives them out: rights to its ports, in memory of its
// own.
class Threads {
 public:
  Threads() : failed_(task_threads(mach_task_self(), &ports_, &count_) != KERN_SUCCESS) {}
  ~Threads() {
    for (mach_msg_type_number_t i = 0; i < count_; ++i) {
      mach_port_deallocate(mach_task_self(), ports_[i]);
    }
    vm_deallocate(mach_task_self(), reinterpret_cast<vm_address_t>(ports_),
                  count_ * sizeof(thread_act_t));
  }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] mach_msg_type_number_t count() const { return count_; }

  // False if the thread has ended.
  template <class Info>
  bool Get(mach_msg_type_number_t i, thread_flavor_t flavor, Info* info) const {
    mach_msg_type_number_t size = sizeof(Info) / sizeof(natural_t);
    return thread_info(ports_[i], flavor, reinterpret_cast<thread_info_t>(info), &size) ==
           KERN_SUCCESS;
  }

 private:
  thread_act_array_t ports_ = nullptr;
  mach_msg_type_number_t count_ = 0;
  bool failed_;
};

// Pairs of a native id, as threading.get_native_id() has it, and a name.
PyObject* NativeThreads(PyObject* /*module*/, PyObject* /*args*/) {
  const Threads threads;
  if (threads.failed()) {
    PyErr_SetString(PyExc_OSError, "the kernel does not list the threads of this process");
    return nullptr;
  }
  Ref list = Ref::Steal(PyList_New(0));
  for (mach_msg_type_number_t i = 0; list && i < threads.count(); ++i) {
    thread_identifier_info identity{};
    thread_extended_info details{};
    if (!threads.Get(i, THREAD_IDENTIFIER_INFO, &identity) ||
        !threads.Get(i, THREAD_EXTENDED_INFO, &details)) {
      continue;
    }
    details.pth_name[sizeof(details.pth_name) - 1] = '\0';
    const Ref name = Ref::Steal(PyUnicode_DecodeFSDefault(details.pth_name));
    if (!name) return nullptr;
    const Ref pair = Ref::Steal(
        Py_BuildValue("(KO)", static_cast<unsigned long long>(identity.thread_id), name.get()));
    if (!pair || PyList_Append(list.get(), pair.get()) != 0) return nullptr;
  }
  return list.release();
}

// Paths of the programs and libraries that are loaded.
PyObject* LoadedFiles(PyObject* /*module*/, PyObject* /*args*/) {
  Ref list = Ref::Steal(PyList_New(0));
  for (uint32_t i = 0; list && i < _dyld_image_count(); ++i) {
    const char* path = _dyld_get_image_name(i);
    if (path == nullptr) continue;  // Another thread has unloaded one.
    const Ref text = Ref::Steal(PyUnicode_DecodeFSDefault(path));
    if (!text || PyList_Append(list.get(), text.get()) != 0) return nullptr;
  }
  return list.release();
}

PyMethodDef functions[] = {
    {"watch_parent", WatchParent, METH_VARARGS,
     "watch_parent(pid, signum): sends this process the signal when its parent ends."},
    {"set_deadly", SetDeadly, METH_VARARGS,
     "set_deadly(signum, deadly): whether the signal kills this process, or has no effect."},
    {"ended_child", EndedChild, METH_NOARGS,
     "ended_child(): (pid, was_signalled) of a child that is to be reaped, or None."},
    {"native_threads", NativeThreads, METH_NOARGS,
     "native_threads(): a list of (native_id, name) of all threads of this process."},
    {"loaded_files", LoadedFiles, METH_NOARGS,
     "loaded_files(): the paths of the programs and libraries that are loaded."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

PyMethodDef* SystemCalls() { return functions; }

}  // namespace nasgi::worker
