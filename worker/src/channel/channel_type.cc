#include "channel/channel_type.h"

#include <array>
#include <memory>

#include "channel/channel.h"
#include "py/box.h"
#include "wire/utf8.h"

namespace nasgi::worker {

using py::Ref;

namespace {

Channel& Of(PyObject* self) { return py::Box<Channel>::Of(self); }

PyObject* NoneIf(bool ok) { return ok ? py::NewNone() : nullptr; }

PyObject* New(PyTypeObject* type, PyObject* args, PyObject* /*kwargs*/) {
  int segment_fd = -1;
  int bell_fd = -1;
  int files = -1;
  if (PyArg_ParseTuple(args, "iii:Channel", &segment_fd, &bell_fd, &files) == 0) return nullptr;
  base::UniqueFd files_fd(files);
  shm::Doorbell bell{base::UniqueFd(bell_fd)};
  base::Result<shm::Segment> segment = shm::Segment::Attach(base::UniqueFd(segment_fd));
  if (!segment.ok()) {
    PyErr_SetString(PyExc_OSError, segment.status().message().c_str());
    return nullptr;
  }
  PyObject* module = PyType_GetModule(type);
  if (module == nullptr) return nullptr;
  return py::Box<Channel>::New(type, Ref::Borrow(module),
                               std::make_unique<shm::Endpoint>(std::move(segment).value(),
                                                               shm::Side::kWorker, std::move(bell)),
                               std::move(files_fd), std::array{segment_fd, bell_fd, files});
}

PyObject* Fileno(PyObject* self, PyObject* /*unused*/) { return PyLong_FromLong(Of(self).fd()); }

PyObject* Start(PyObject* self, PyObject* args, PyObject* kwargs) {
  return NoneIf(Of(self).Start(self, args, kwargs));
}

PyObject* Ready(PyObject* self, PyObject* args) {
  const char* info = nullptr;
  Py_ssize_t size = 0;
  if (PyArg_ParseTuple(args, "s#:ready", &info, &size) == 0) return nullptr;
  const std::string_view text(info, static_cast<size_t>(size));
  if (text.size() > wire::kMaxReadyInfo) {
    PyErr_Format(PyExc_ValueError, "info takes %zd bytes; the limit is %zu", size,
                 wire::kMaxReadyInfo);
    return nullptr;
  }
  Of(self).sender().SendFrame(wire::Ready{wire::kWireVersion, text});
  return py::NewNone();
}

PyObject* StartupFailed(PyObject* self, PyObject* args) {
  const char* kind = nullptr;
  const char* type = nullptr;
  const char* message = nullptr;
  const char* traceback = nullptr;
  if (PyArg_ParseTuple(args, "ssss:startup_failed", &kind, &type, &message, &traceback) == 0) {
    return nullptr;
  }
  Of(self).sender().SendFrame(wire::StartupFailed{wire::CutUtf8(kind, wire::kMaxErrorType),
                                                  wire::CutUtf8(type, wire::kMaxErrorType),
                                                  wire::CutUtf8(message, wire::kMaxErrorMessage),
                                                  wire::CutUtf8(traceback, wire::kMaxTraceback)});
  return py::NewNone();
}

PyObject* Stopped(PyObject* self, PyObject* /*unused*/) {
  Of(self).sender().SendFrame(wire::Stopped{});
  return py::NewNone();
}

PyObject* Drain(PyObject* self, PyObject* /*unused*/) {
  if (!Of(self).Drain()) return nullptr;
  return PyBool_FromLong(Of(self).connected());
}

PyObject* Resume(PyObject* self, PyObject* /*unused*/) { return NoneIf(Of(self).Resume()); }
PyObject* SendHeads(PyObject* self, PyObject* /*unused*/) { return NoneIf(Of(self).SendHeads()); }
PyObject* CancelAll(PyObject* self, PyObject* /*unused*/) {
  Of(self).CancelAll();
  return py::NewNone();
}
PyObject* CloseInChild(PyObject* self, PyObject* /*unused*/) {
  Of(self).CloseInChild();
  return py::NewNone();
}
PyObject* Flush(PyObject* self, PyObject* /*unused*/) { return PyBool_FromLong(Of(self).Flush()); }

PyObject* GetActive(PyObject* self, void* /*closure*/) {
  return PyLong_FromSize_t(Of(self).active());
}
PyObject* GetOnIdle(PyObject* self, void* /*closure*/) {
  const Ref& callback = Of(self).on_idle;
  return callback ? Ref(callback).release() : py::NewNone();
}
int SetOnIdle(PyObject* self, PyObject* value, void* /*closure*/) {
  Of(self).on_idle = Ref::Borrow(value);
  return 0;
}

template <class Function>
PyCFunction AsMethod(Function* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef methods[] = {
    {"fileno", Fileno, METH_NOARGS, "The descriptor that becomes readable when drain() is due."},
    {"start", AsMethod(Start), METH_VARARGS | METH_KEYWORDS,
     "start(app, spawn, *, spawn_options, state, root_path, describe_error, write_error,\n"
     "on_stop, spin): serve `app` from now on, in tasks that spawn(coroutine, **spawn_options)\n"
     "makes. An idle worker spins for `spin` microseconds before it sleeps (None: for as long as\n"
     "a wake-up takes here). Each time Node says\n"
     "stop, on_stop(patience in milliseconds) is called."},
    {"ready", Ready, METH_VARARGS, "ready(info): tell Node that this worker serves requests."},
    {"startup_failed", StartupFailed, METH_VARARGS,
     "startup_failed(kind, type, message, traceback): tell Node why this worker cannot serve."},
    {"stopped", Stopped, METH_NOARGS, "Tell Node that this worker has shut down."},
    {"drain", Drain, METH_NOARGS,
     "Take the frames that have come: the loop's reader callback. False: Node has closed its end,\n"
     "so fileno() stays readable."},
    {"resume", Resume, METH_NOARGS, "Look for more frames; drain() makes the loop call it soon."},
    {"send_heads", SendHeads, METH_NOARGS,
     "Send the heads of responses whose bodies do not come; the loop calls it after a delay."},
    {"cancel_all", CancelAll, METH_NOARGS, "Cancel the task of every request."},
    {"close_in_child", CloseInChild, METH_NOARGS,
     "In a process that the app forked: close the descriptors of the worker."},
    {"flush", Flush, METH_NOARGS, "Write frames that wait for room. True when none is left."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef attributes[] = {
    {"active", GetActive, nullptr, "How many requests have an app task that has not ended.",
     nullptr},
    {"on_idle", GetOnIdle, SetOnIdle, "Called each time `active` falls to 0.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

Ref MakeChannelType(PyObject* module) {
  const auto slot = [](auto* function) { return reinterpret_cast<void*>(function); };
  PyType_Slot slots[] = {{Py_tp_new, slot(&New)},
                         {Py_tp_dealloc, slot(&py::Box<Channel>::Dealloc)},
                         {Py_tp_traverse, slot(&py::Box<Channel>::Traverse)},
                         {Py_tp_clear, slot(&py::Box<Channel>::Clear)},
                         {Py_tp_methods, methods},
                         {Py_tp_getset, attributes},
                         {0, nullptr}};
  PyType_Spec spec = {"node_asgi_worker._worker.Channel", sizeof(py::Box<Channel>), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
  return Ref::Steal(PyType_FromModuleAndSpec(module, &spec, nullptr));
}

}  // namespace nasgi::worker
