#include "process/control.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/unique_fd.h"
#include "py/ref.h"
#include "wire/control.h"
#include "wire/frame.h"
#include "wire/utf8.h"

namespace nasgi::worker {

using py::Ref;

namespace {

// Receives one packet with its descriptors. Its size, or -1 with OSError set.
ssize_t ReceivePacket(int fd, std::span<std::byte> room, std::vector<base::UniqueFd>* fds) {
  iovec part = {room.data(), room.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * wire::kForkFds)> ancillary{};
  msghdr packet{};
  packet.msg_iov = &part;
  packet.msg_iovlen = 1;
  packet.msg_control = ancillary.data();
  packet.msg_controllen = ancillary.size();
  ssize_t size = -1;
  int error = 0;
  Py_BEGIN_ALLOW_THREADS
    size = recvmsg(fd, &packet, MSG_CMSG_CLOEXEC);
    error = errno;
  Py_END_ALLOW_THREADS
  if (size < 0) {
    errno = error;
    PyErr_SetFromErrno(PyExc_OSError);
    return -1;
  }
  for (cmsghdr* item = CMSG_FIRSTHDR(&packet); item != nullptr; item = CMSG_NXTHDR(&packet, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int received = -1;
      std::memcpy(&received, CMSG_DATA(item) + i * sizeof(int), sizeof(int));
      fds->emplace_back(received);
    }
  }
  return size;
}

PyObject* Malformed(const char* what) {
  PyErr_Format(PyExc_ValueError, "malformed control message: %s", what);
  return nullptr;
}

template <class Message>
PyObject* SendPacket(int fd, const Message& message) {
  std::vector<std::byte> bytes(wire::FrameBound(message));
  const size_t size = wire::PackFrame(message, bytes);
  if (send(fd, bytes.data(), size, MSG_NOSIGNAL) < 0) return PyErr_SetFromErrno(PyExc_OSError);
  return py::NewNone();
}

}  // namespace

PyObject* ControlReceive(PyObject* /*module*/, PyObject* args) {
  int fd = -1;
  if (PyArg_ParseTuple(args, "i:control_receive", &fd) == 0) return nullptr;
  std::vector<std::byte> bytes(wire::kMaxControl);
  std::vector<base::UniqueFd> fds;
  const ssize_t size = ReceivePacket(fd, bytes, &fds);
  if (size < 0) return nullptr;
  if (size == 0) return py::NewNone();
  wire::Frame frame;
  if (!frame.Parse(std::span(bytes).first(static_cast<size_t>(size)))) return Malformed("framing");
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
      if (!frame.Get(&fork) || fds.size() != wire::kForkFds) return Malformed("fork");
      PyObject* result = Py_BuildValue("(sI[iiiii])", "fork", fork.worker, fds[0].get(),
                                       fds[1].get(), fds[2].get(), fds[3].get(), fds[4].get());
      if (result != nullptr) {
        for (base::UniqueFd& received : fds) (void)received.release();
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
    return SendPacket(fd, wire::ServerReady{wire::CutUtf8(info, wire::kMaxTraceback)});
  }
  if (kind == "server_failed") {
    const char* type = nullptr;
    const char* message = nullptr;
    const char* traceback = nullptr;
    if (PyArg_ParseTuple(fields.get(), "sss:server_failed", &type, &message, &traceback) == 0) {
      return nullptr;
    }
    return SendPacket(fd, wire::ServerFailed{wire::CutUtf8(type, wire::kMaxErrorType),
                                             wire::CutUtf8(message, wire::kMaxErrorMessage),
                                             wire::CutUtf8(traceback, wire::kMaxTraceback)});
  }
  if (kind == "forked") {
    wire::Forked forked;
    if (PyArg_ParseTuple(fields.get(), "II:forked", &forked.worker, &forked.pid) == 0) {
      return nullptr;
    }
    return SendPacket(fd, forked);
  }
  if (kind == "exited") {
    wire::Exited exited;
    int code = 0;  // -1 for a child that a signal ended
    if (PyArg_ParseTuple(fields.get(), "IIiI:exited", &exited.worker, &exited.pid, &code,
                         &exited.signal) == 0) {
      return nullptr;
    }
    exited.code = code < 0 ? 0 : static_cast<uint32_t>(code);
    return SendPacket(fd, exited);
  }
  PyErr_Format(PyExc_ValueError, "unknown kind of control message: %s", kind_text);
  return nullptr;
}

}  // namespace nasgi::worker
