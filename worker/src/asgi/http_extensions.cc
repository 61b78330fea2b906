// The messages of an HTTP response other than start and body: the extensions of ASGI
// (asgi.readthedocs.io, "Extensions").
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <span>
#include <string>

#include "asgi/cached_read.h"
#include "asgi/http_cycle.h"
#include "asgi/message.h"
#include "base/unique_fd.h"
#include "py/text.h"
#include "wire/http_head.h"

namespace nasgi::worker {

using py::Ref;

namespace {

// Sets a Python exception; returns false.
bool Refuse(PyObject* exception, const char* why) {
  PyErr_SetString(exception, why);
  return false;
}

// As Refuse, for a field that must be there: unless reading it has failed already.
bool Missing(const char* why) {
  return PyErr_Occurred() == nullptr ? Refuse(PyExc_ValueError, why) : false;
}

// Opens the regular file at `path`. Not valid: a Python exception is set.
base::UniqueFd OpenFile(PyObject* path, struct stat* status) {
  const Ref plain = Ref::Steal(PyOS_FSPath(path));
  if (!plain) return {};
  const Ref bytes =
      PyBytes_Check(plain.get()) ? plain : Ref::Steal(PyUnicode_EncodeFSDefault(plain.get()));
  if (!bytes) return {};
  const std::string name(py::View(bytes));
  if (name.empty() || name.find('\0') != std::string::npos) {
    PyErr_Format(PyExc_ValueError, "'http.response.pathsend' cannot send the path %R", path);
    return {};
  }
  // Without O_NONBLOCK, opening a named pipe would wait for a writer.
  base::UniqueFd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid() || fstat(file.get(), status) != 0) {
    PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
    return {};
  }
  if (!S_ISREG(status->st_mode)) {
    PyErr_Format(PyExc_ValueError, "'http.response.pathsend' takes a regular file, which %R is not",
                 path);
    return {};
  }
  return file;
}

}  // namespace

HttpCycle::Extension HttpCycle::SendExtension(PyObject* type, PyObject* message, Sending* sending) {
  const Names& names = state().names;
  const auto sent = [](bool ok) { return ok ? Extension::kSent : Extension::kError; };
  // The length tells the frequent types apart and spares five comparisons: no other type is as long
  // as 'http.response.start', and only that of push is as long as 'http.response.body'.
  const Py_ssize_t length = PyUnicode_Check(type) ? PyUnicode_GetLength(type) : 0;
  if (length == PyUnicode_GetLength(names.response_start.get())) return Extension::kNone;
  if (length == PyUnicode_GetLength(names.response_body.get())) {
    return Is(type, names.response_push) ? sent(SendPush(message)) : Extension::kNone;
  }
  if (Is(type, names.response_trailers)) return sent(SendTrailers(message));
  if (Is(type, names.response_pathsend)) return SendPath(message, sending);
  if (Is(type, names.response_early_hint)) {
    return TakeEarlyHint(message, sending) ? Extension::kHint : Extension::kError;
  }
  if (!Is(type, names.response_zerocopysend)) return Extension::kNone;
  return TakeFile(message, sending) ? Extension::kFile : Extension::kError;
}

bool HttpCycle::SendTrailers(PyObject* message) {
  const Names& names = state().names;
  if (response_.state() != Response::State::kExpectTrailers) {
    return Refuse(PyExc_RuntimeError,
                  "'http.response.trailers' must come after the body of a response whose start has "
                  "'trailers': True");
  }
  PyObject* headers = Field(message, names.headers);
  if (headers == nullptr && PyErr_Occurred() != nullptr) return false;
  const std::optional<bool> more = Flag(message, names.more_trailers);
  if (!more) return false;
  if (headers != nullptr && !trailers_.Take(headers)) return false;
  if (*more) return true;
  sender().SendFrame(wire::Trailers{stream_, trailers_.joined()});
  response_.Complete();
  ResponseEnded();
  return true;
}

// The file is opened here, so that the app may remove or replace it as soon as send() has returned.
HttpCycle::Extension HttpCycle::SendPath(PyObject* message, Sending* sending) {
  const bool head_sent = response_.state() == Response::State::kHeadSent;
  if (!head_sent && response_.state() != Response::State::kStartHeld) {
    Refuse(PyExc_RuntimeError,
           "'http.response.pathsend' must come right after 'http.response.start', as the whole "
           "body");
    return Extension::kError;
  }
  PyObject* path = Field(message, state().names.path);
  if (path == nullptr) {
    Missing("'http.response.pathsend' needs a 'path'");
    return Extension::kError;
  }
  struct stat status{};
  base::UniqueFd file = OpenFile(path, &status);
  if (!file.valid()) return Extension::kError;
  // A file that has grown since the app made the headers is sent as far as they announce it.
  int64_t size = status.st_size;
  if (response_.content_length() >= 0) size = std::min(size, response_.content_length());
  if (!StartFile(file.get(), 0, size, false, sending)) return Extension::kError;
  if (MakeBody(sending)) return Extension::kBody;
  if (PyErr_Occurred() != nullptr) return Extension::kError;
  if (!head_sent && !response_.has_trailers() && sender().PassFile(stream_, file.get())) {
    sender().SendFrame(wire::File{stream_, response_.status(), response_.headers()});
    response_.Complete();
    ResponseEnded();
    return Extension::kSent;
  }
  // The head is on its way, trailers are to follow, or Node has many files waiting: the bytes go
  // through the ring.
  sending->own_file = std::move(file);
  return Extension::kFile;
}

// To pass on a descriptor, and read from it in Node, takes several times as long as a small file
// itself. But only Node selects ranges, and says that it does.
bool HttpCycle::MakeBody(Sending* sending) {
  if (wants_range_ || !response_.handles_ranges() || response_.bodiless() ||
      sending->rest > static_cast<int64_t>(wire::kMaxChunk)) {
    return false;
  }
  Ref bytes =
      Ref::Steal(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(sending->rest)));
  if (!bytes) return false;
  const std::span room(PyBytes_AsString(bytes.get()), static_cast<size_t>(sending->rest));
  if (!ReadCached(sending->file, room)) return false;
  sending->file = -1;
  sending->body = std::move(bytes);
  return true;
}

bool HttpCycle::TakeEarlyHint(PyObject* message, Sending* sending) {
  if (response_.state() > Response::State::kHeadSent) {
    return Refuse(PyExc_RuntimeError, "'http.response.early_hint' must come before the response");
  }
  PyObject* links = Field(message, state().names.links);
  if (links == nullptr) return Missing("'http.response.early_hint' needs 'links'");
  const Ref iterator = Ref::Steal(PyObject_GetIter(links));
  if (!iterator) return false;
  std::string joined;
  while (const Ref link = Ref::Steal(PyIter_Next(iterator.get()))) {
    const Ref bytes = py::AsBytes(link.get(), "a link");
    if (!bytes) return false;
    const std::string_view value = py::View(bytes);
    if (!wire::IsFieldValue(value)) {
      PyErr_Format(PyExc_ValueError, "%R is not a valid value of a link header", link.get());
      return false;
    }
    if (joined.size() + value.size() > wire::kMaxHead) {
      PyErr_Format(PyExc_ValueError, "the links take more than %zu bytes", wire::kMaxHead);
      return false;
    }
    if (!joined.empty()) joined.push_back('\0');
    joined.append(value);
  }
  if (PyErr_Occurred() != nullptr) return false;
  sending->hint = true;
  sending->body = py::Bytes(joined);
  return static_cast<bool>(sending->body);
}

// Hints have a place in the window, like a body: otherwise Node would hold as many as an app sends.
Progress HttpCycle::SendHint(Sending* sending, Ref* future) {
  const std::string_view links = py::View(sending->body);
  // The head of a start that was held back for long may have been sent: the hint is late then.
  if (links.empty() || response_.started()) return Progress::kDone;
  const size_t cost = wire::HintCost(links.size());
  const bool blocked = cost > send_window_.available();
  if (blocked || sender().backlogged()) return Wait(&senders_, !blocked, future);
  send_window_.Spend(cost);
  sender().SendFrame(wire::EarlyHint{stream_, links});
  return Progress::kDone;
}

bool HttpCycle::SendPush(PyObject* message) {
  if (complete()) return Refuse(PyExc_RuntimeError, "the response is complete");
  PyObject* path = Field(message, state().names.path);
  PyObject* headers = Field(message, state().names.headers);
  if (PyErr_Occurred() != nullptr) return false;
  const Ref text =
      path != nullptr && PyUnicode_Check(path) ? Ref::Steal(PyUnicode_AsASCIIString(path)) : Ref();
  if (!text || !py::View(text).starts_with('/') || !wire::IsRequestTarget(py::View(text)) ||
      py::View(text).size() > wire::kMaxHead / 2) {
    PyErr_Clear();
    return Refuse(PyExc_ValueError,
                  "'http.response.push' needs a percent-encoded 'path' that starts with '/'");
  }
  HeaderList list;
  if (headers != nullptr && !list.Take(headers)) return false;
  sender().SendFrame(wire::Push{stream_, py::View(text), list.joined()});
  return true;
}

// The descriptor stays here. Node has no call that hands a file to a socket, so its bytes pass
// through memory in any case; through the ring they keep flow control and order.
bool HttpCycle::TakeFile(PyObject* message, Sending* sending) {
  const Names& names = state().names;
  if (response_.state() != Response::State::kStartHeld &&
      response_.state() != Response::State::kHeadSent &&
      response_.state() != Response::State::kStreaming) {
    return Refuse(PyExc_RuntimeError,
                  "'http.response.zerocopysend' must come after 'http.response.start', as part of "
                  "the body");
  }
  PyObject* file = Field(message, names.file);
  if (file == nullptr) return Missing("'http.response.zerocopysend' needs a 'file'");
  const int fd = PyObject_AsFileDescriptor(file);
  if (fd < 0) return false;
  struct stat status{};
  if (fstat(fd, &status) != 0) {
    PyErr_SetFromErrno(PyExc_OSError);
    return false;
  }
  if (!S_ISREG(status.st_mode)) {
    return Refuse(PyExc_ValueError, "'http.response.zerocopysend' takes a regular file");
  }
  const std::optional<int64_t> position =
      Number(message, names.offset, std::max<int64_t>(lseek(fd, 0, SEEK_CUR), 0));
  if (!position) return false;
  const int64_t available = std::max<int64_t>(status.st_size - *position, 0);
  const std::optional<int64_t> count = Number(message, names.count, available);
  if (!count) return false;
  const std::optional<bool> more = Flag(message, names.more_body);
  if (!more) return false;
  return StartFile(fd, *position, std::min(*count, available), *more, sending);
}

bool HttpCycle::StartFile(int fd, int64_t position, int64_t count, bool more, Sending* sending) {
  sending->file = fd;
  sending->position = position;
  sending->rest = response_.bodiless() ? 0 : count;
  sending->more = more;
  return response_.bodiless() || response_.Count(sending->rest, !more);
}

Progress HttpCycle::SendFile(Sending* sending, Ref* future) {
  std::array<char, wire::kMaxChunk> buffer;
  while (true) {
    const size_t size =
        std::min({static_cast<size_t>(sending->rest), buffer.size(), send_window_.available()});
    const bool blocked = size == 0 && sending->rest > 0;
    if (blocked || sender().backlogged()) return Wait(&senders_, !blocked, future);
    ssize_t read = 0;
    do {
      read = size == 0 ? 0 : pread(sending->file, buffer.data(), size, sending->position);
    } while (read < 0 && errno == EINTR);
    if (read < 0) {
      PyErr_SetFromErrno(PyExc_OSError);
      return Progress::kError;
    }
    if (read == 0 && size > 0) {
      PyErr_SetString(PyExc_RuntimeError, "the file became shorter while it was sent");
      return Progress::kError;
    }
    sending->position += read;
    sending->rest -= read;
    SendChunk(&response_, {buffer.data(), static_cast<size_t>(read)},
              sending->rest == 0 && !sending->more);
    if (sending->rest > 0) continue;
    // The file's position ends up behind the bytes sent, as after a read().
    lseek(sending->file, sending->position, SEEK_SET);
    return Progress::kDone;
  }
}

}  // namespace nasgi::worker
