// The messages of an HTTP response beside start and body: the extensions of ASGI
// (asgi.readthedocs.io, "Extensions").
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include "asgi/http_cycle.h"
#include "channel/channel.h"
#include "wire/http_head.h"

namespace nasgi::worker {

using py::Ref;

namespace {

Progress Refuse(PyObject* exception, const char* why) {
  PyErr_SetString(exception, why);
  return Progress::kError;
}

// 1 or 0; -1 with an exception set.
int Flag(PyObject* message, const Ref& key) {
  PyObject* value = Field(message, key);
  if (value == nullptr) return PyErr_Occurred() != nullptr ? -1 : 0;
  return PyObject_IsTrue(value);
}

// A non-negative number; `missing` where there is none; -1 with an exception set.
int64_t Number(PyObject* message, const Ref& key, int64_t missing) {
  PyObject* value = Field(message, key);
  if (value == nullptr) return PyErr_Occurred() != nullptr ? -1 : missing;
  const int64_t number = PyLong_AsLongLong(value);
  if (number < 0 && PyErr_Occurred() == nullptr) {
    PyErr_Format(PyExc_ValueError, "%R must not be negative, got %R", key.get(), value);
  }
  return PyErr_Occurred() != nullptr ? -1 : number;
}

}  // namespace

Progress HttpCycle::SendExtension(PyObject* type, PyObject* message, Awaitable::Sending* sending) {
  const Names& names = state().names;
  // The frequent ones are told apart by their length, which spares five comparisons: that of
  // 'http.response.start' is no other's, that of 'http.response.body' only push's.
  const Py_ssize_t length = PyUnicode_Check(type) ? PyUnicode_GetLength(type) : 0;
  if (length == PyUnicode_GetLength(names.response_start.get())) return Progress::kWait;
  const auto is = [type](const Ref& name) {
    return PyObject_RichCompareBool(type, name.get(), Py_EQ) == 1;
  };
  if (length == PyUnicode_GetLength(names.response_body.get())) {
    return is(names.response_push) ? SendPush(message) : Progress::kWait;
  }
  if (is(names.response_trailers)) return SendTrailers(message);
  if (is(names.response_pathsend)) return SendPath(message);
  if (is(names.response_early_hint)) return SendEarlyHint(message);
  if (!is(names.response_zerocopysend)) return Progress::kWait;
  if (!TakeFile(message, sending)) return Progress::kError;
  sending->accepted = true;
  return Progress::kWait;
}

Progress HttpCycle::SendTrailers(PyObject* message) {
  const Names& names = state().names;
  if (response_.state() != Response::State::kExpectTrailers) {
    return Refuse(PyExc_RuntimeError,
                  "'http.response.trailers' comes after the body of a response whose start said "
                  "'trailers': True");
  }
  PyObject* headers = Field(message, names.headers);
  const int more = Flag(message, names.more_trailers);
  if (more < 0 || (headers == nullptr && PyErr_Occurred() != nullptr)) return Progress::kError;
  if (headers != nullptr && !trailers_.Take(headers)) return Progress::kError;
  if (more != 0) return Progress::kDone;
  channel_->SendFrame(wire::Trailers{stream_, trailers_.joined()});
  response_.Complete();
  ResponseEnded();
  return Progress::kDone;
}

Progress HttpCycle::SendPath(PyObject* message) {
  if (response_.state() != Response::State::kStartHeld) {
    return Refuse(PyExc_RuntimeError,
                  "'http.response.pathsend' comes right after 'http.response.start', as the whole "
                  "body");
  }
  PyObject* path = Field(message, state().names.path);
  if (path == nullptr) {
    if (PyErr_Occurred() != nullptr) return Progress::kError;
    return Refuse(PyExc_ValueError, "'http.response.pathsend' needs a 'path'");
  }
  const Ref plain = Ref::Steal(PyOS_FSPath(path));
  if (!plain) return Progress::kError;
  const Ref bytes =
      PyBytes_Check(plain.get()) ? plain : Ref::Steal(PyUnicode_EncodeFSDefault(plain.get()));
  if (!bytes) return Progress::kError;
  std::string name(View(bytes));
  if (name.empty() || name.find('\0') != std::string::npos) {
    PyErr_Format(PyExc_ValueError, "'http.response.pathsend' cannot send the path %R", path);
    return Progress::kError;
  }
  // ASGI wants it absolute; Starlette's FileResponse hands on what the app has given.
  if (!name.starts_with('/')) {
    std::error_code error;
    name.insert(0, std::filesystem::current_path(error).native() + '/');
    if (error) {
      PyErr_Format(PyExc_OSError, "the working directory of %R: %s", path, error.message().c_str());
      return Progress::kError;
    }
  }
  const wire::File frame{stream_, response_.status(), response_.headers(), name};
  if (!channel_->Fits(frame)) return Refuse(PyExc_ValueError, "the path is too long");
  channel_->SendFrame(frame);
  response_.Complete();
  ResponseEnded();
  return Progress::kDone;
}

Progress HttpCycle::SendEarlyHint(PyObject* message) {
  if (response_.state() > Response::State::kStartHeld) {
    return Refuse(PyExc_RuntimeError, "'http.response.early_hint' comes before the response");
  }
  PyObject* links = Field(message, state().names.links);
  if (links == nullptr) {
    if (PyErr_Occurred() != nullptr) return Progress::kError;
    return Refuse(PyExc_ValueError, "'http.response.early_hint' needs 'links'");
  }
  const Ref iterator = Ref::Steal(PyObject_GetIter(links));
  if (!iterator) return Progress::kError;
  std::string joined;
  while (const Ref link = Ref::Steal(PyIter_Next(iterator.get()))) {
    const Ref bytes = AsBytes(link.get(), "a link");
    if (!bytes) return Progress::kError;
    if (!wire::IsFieldValue(View(bytes)) || joined.size() + View(bytes).size() > wire::kMaxHead) {
      PyErr_Format(PyExc_ValueError, "HTTP cannot carry the link %R", link.get());
      return Progress::kError;
    }
    if (!joined.empty()) joined.push_back('\0');
    joined.append(View(bytes));
  }
  if (PyErr_Occurred() != nullptr) return Progress::kError;
  if (!joined.empty()) channel_->SendFrame(wire::EarlyHint{stream_, joined});
  return Progress::kDone;
}

Progress HttpCycle::SendPush(PyObject* message) {
  if (complete()) return Refuse(PyExc_RuntimeError, "the response is complete");
  PyObject* path = Field(message, state().names.path);
  PyObject* headers = Field(message, state().names.headers);
  if (PyErr_Occurred() != nullptr) return Progress::kError;
  const Ref text =
      path != nullptr && PyUnicode_Check(path) ? Ref::Steal(PyUnicode_AsASCIIString(path)) : Ref();
  if (!text || !View(text).starts_with('/') || !wire::IsRequestTarget(View(text)) ||
      View(text).size() > wire::kMaxHead / 2) {
    PyErr_Clear();
    return Refuse(PyExc_ValueError,
                  "'http.response.push' needs a 'path' that starts with '/', percent-encoded");
  }
  HeaderList list;
  if (headers != nullptr && !list.Take(headers)) return Progress::kError;
  const wire::Push frame{stream_, View(text), list.joined()};
  if (!channel_->Fits(frame)) return Refuse(PyExc_ValueError, "the headers are too long");
  channel_->SendFrame(frame);
  return Progress::kDone;
}

// The descriptor stays here: Node has no call that would hand a file to a socket, so its bytes have
// to pass through memory in any case, and through the ring they keep flow control and order.
bool HttpCycle::TakeFile(PyObject* message, Awaitable::Sending* sending) {
  const Names& names = state().names;
  if (response_.state() != Response::State::kStartHeld &&
      response_.state() != Response::State::kStreaming) {
    PyErr_SetString(PyExc_RuntimeError,
                    "'http.response.zerocopysend' is a part of the body of a response");
    return false;
  }
  PyObject* file = Field(message, names.file);
  if (file == nullptr) {
    if (PyErr_Occurred() == nullptr) {
      PyErr_SetString(PyExc_ValueError, "'http.response.zerocopysend' needs a 'file'");
    }
    return false;
  }
  const int fd = PyObject_AsFileDescriptor(file);
  if (fd < 0) return false;
  struct stat status{};
  if (fstat(fd, &status) != 0) {
    PyErr_SetFromErrno(PyExc_OSError);
    return false;
  }
  if (!S_ISREG(status.st_mode)) {
    PyErr_SetString(PyExc_ValueError, "'http.response.zerocopysend' takes a regular file");
    return false;
  }
  const int64_t position =
      Number(message, names.offset, std::max<int64_t>(lseek(fd, 0, SEEK_CUR), 0));
  if (position < 0) return false;
  const int64_t available = std::max<int64_t>(status.st_size - position, 0);
  const int64_t count = Number(message, names.count, available);
  const int more = Flag(message, names.more_body);
  if (count < 0 || more < 0) return false;
  sending->file = fd;
  sending->position = position;
  sending->rest = response_.bodiless() ? 0 : std::min(count, available);
  sending->more = more != 0;
  return response_.bodiless() || response_.Count(sending->rest, !sending->more);
}

Progress HttpCycle::SendFile(Awaitable::Sending* sending, Ref* future) {
  std::array<char, wire::kMaxChunk> buffer;
  while (true) {
    const size_t size =
        std::min({static_cast<size_t>(sending->rest), buffer.size(), send_window_.available()});
    const bool blocked = size == 0 && sending->rest > 0;
    if (blocked || channel_->backlogged()) return Wait(&senders_, !blocked, future);
    ssize_t read = 0;
    do {
      read = size == 0 ? 0 : pread(sending->file, buffer.data(), size, sending->position);
    } while (read < 0 && errno == EINTR);
    if (read < 0) {
      PyErr_SetFromErrno(PyExc_OSError);
      return Progress::kError;
    }
    if (read == 0 && size > 0) {
      return Refuse(PyExc_RuntimeError, "the file became shorter while it was sent");
    }
    sending->position += read;
    sending->rest -= read;
    SendChunk(&response_, {buffer.data(), static_cast<size_t>(read)},
              sending->rest == 0 && !sending->more);
    if (sending->rest > 0) continue;
    // Where a reader that goes on would find it.
    lseek(sending->file, sending->position, SEEK_SET);
    return Progress::kDone;
  }
}

}  // namespace nasgi::worker
