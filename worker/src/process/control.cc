#include "process/control.h"

#include <cerrno>
#include <cstddef>
#include <vector>

#include "base/ancillary.h"
#include "base/packet_socket.h"
#include "base/unique_fd.h"
#include "py/ref.h"
#include "wire/control.h"
#include "wire/frame.h"
#include "wire/utf8.h"

namespace nasgi::worker {

using py::Ref;

namespace {

static_assert(wire::kForkFds <= base::kMaxFds);

PyObject* OsError(const base::Status& status) {
  errno = status.error_number();
  return PyErr_SetFromErrno(PyExc_OSError);
}

base::Result<base::Packet> Receive(base::PacketReceiver* receiver, int fd) {
  PyThreadState* state = PyEval_SaveThread();
  base::Result<base::Packet> received = receiver->Receive(fd, base::Wait::kYes);
  PyEval_RestoreThread(state);
  return received;
}

PyObject* Malformed(const char* what) {
  PyErr_Format(PyExc_ValueError, "malformed control message: %s", what);
  return nullptr;
}

template <class Message>
PyObject* Send(int fd, const Message& message) {
  std::vector<std::byte> bytes(wire::FrameBound(message));
  bytes.resize(wire::PackFrame(message, bytes));
  const base::Status sent = base::SendPacket(fd, bytes, {}, base::Wait::kYes);
  return sent.ok() ? py::NewNone() : OsError(sent);
}

}  // namespace

PyObject* ControlReceive(PyObject* /*module*/, PyObject* args) {
  int fd = -1;
  if (PyArg_ParseTuple(args, "i:control_receive", &fd) == 0) return nullptr;
  base::PacketReceiver receiver(wire::kMaxControl, wire::kForkFds);
  base::Result<base::Packet> received = Receive(&receiver, fd);
  if (received.status().code() == base::Status::Code::kCorrupt) return Malformed("size");
  if (!received.ok()) return OsError(received.status());
  auto& [bytes, fds, lost_fds] = received.value();
  if (bytes.empty()) return py::NewNone();
  wire::Frame frame;
  if (!frame.Parse(bytes)) return Malformed("framing");
  switch (frame.type()) {
    case wire::MessageType::kInit: {
      wire::Init init;
      if (!frame.Get(&init)) return Malformed("init");
      if (init.version != wire::kWireVersion) return Malformed("another version of the protocol");
      return Py_BuildValue("(ss#)", "init", init.settings.data(),
                           static_cast<Py_ssize_t>(init.settings.size()));
    }
    case wire::MessageType::kFork: {
      wire::Fork fork;
      if (!frame.Get(&fork) || lost_fds || fds.size() != wire::kForkFds) return Malformed("fork");
      PyObject* result = Py_BuildValue("(sI[iiiii])", "fork", fork.worker, fds[0].get(),
                                       fds[1].get(), fds[2].get(), fds[3].get(), fds[4].get());
      if (result != nullptr) {
        for (base::UniqueFd& passed : fds) (void)passed.release();
      }
      return result;
    }
    case wire::MessageType::kKill: {
      wire::Kill kill;
      if (!frame.Get(&kill)) return Malformed("kill");
      return Py_BuildValue("(sII)", "kill", kill.worker, kill.signal);
    }
    default:
      return Malformed("type");
  }
}

PyObject* ControlSend(PyObject* /*module*/, PyObject* args) {
  // Each kind has its own fields, so the first two arguments are parsed before the others.
  int fd = -1;
  const char* kind_text = nullptr;
  const Ref first = Ref::Steal(PyTuple_GetSlice(args, 0, 2));
  if (!first || PyArg_ParseTuple(first.get(), "is:control_send", &fd, &kind_text) == 0) {
    return nullptr;
  }
  const std::string_view kind = kind_text;
  const Ref fields = Ref::Steal(PyTuple_GetSlice(args, 2, PyTuple_Size(args)));
  if (!fields) return nullptr;
  if (kind == "server_ready") {
    const char* info = nullptr;
    if (PyArg_ParseTuple(fields.get(), "s:server_ready", &info) == 0) return nullptr;
    return Send(fd, wire::ServerReady{wire::CutUtf8(info, wire::kMaxTraceback)});
  }
  if (kind == "server_failed") {
    const char* type = nullptr;
    const char* message = nullptr;
    const char* traceback = nullptr;
    if (PyArg_ParseTuple(fields.get(), "sss:server_failed", &type, &message, &traceback) == 0) {
      return nullptr;
    }
    return Send(fd, wire::ServerFailed{wire::CutUtf8(type, wire::kMaxErrorType),
                                       wire::CutUtf8(message, wire::kMaxErrorMessage),
                                       wire::CutUtf8(traceback, wire::kMaxTraceback)});
  }
  if (kind == "forked") {
    wire::Forked forked;
    if (PyArg_ParseTuple(fields.get(), "II:forked", &forked.worker, &forked.pid) == 0) {
      return nullptr;
    }
    return Send(fd, forked);
  }
  if (kind == "exited") {
    wire::Exited exited;
    int code = 0;  // -1 for a child that a signal ended
    if (PyArg_ParseTuple(fields.get(), "IIiI:exited", &exited.worker, &exited.pid, &code,
                         &exited.signal) == 0) {
      return nullptr;
    }
    exited.code = code < 0 ? 0 : static_cast<uint32_t>(code);
    return Send(fd, exited);
  }
  PyErr_Format(PyExc_ValueError, "unknown kind of control message: %s", kind_text);
  return nullptr;
}

}  // namespace nasgi::worker
