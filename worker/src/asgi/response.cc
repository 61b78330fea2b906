#include "asgi/response.h"

#include <charconv>
#include <optional>

#include "asgi/message.h"
#include "py/text.h"
#include "wire/protocol.h"

namespace nasgi::worker {

using py::Ref;

namespace {

bool Expected(const Ref& expected, PyObject* got) {
  PyErr_Format(PyExc_RuntimeError, "Expected ASGI message %R, but got %R", expected.get(), got);
  return false;
}

}  // namespace

bool Response::Take(PyObject* type, PyObject* message, const Names& names, Sending* sending) {
  if (state_ == State::kComplete) {
    PyErr_Format(PyExc_RuntimeError, "Unexpected ASGI message %R: the response is already complete",
                 type);
    return false;
  }
  if (state_ == State::kExpectStart) {
    return Is(type, start_) ? TakeStart(message, names) : Expected(start_, type);
  }
  if (state_ == State::kExpectTrailers) return Expected(names.response_trailers, type);
  return Is(type, body_) ? TakeBody(message, names, sending) : Expected(body_, type);
}

bool Response::TakeStart(PyObject* message, const Names& names) {
  PyObject* status = Field(message, names.status);
  if (status == nullptr) {
    if (PyErr_Occurred() == nullptr) {
      PyErr_Format(PyExc_ValueError, "%R needs a 'status'", start_.get());
    }
    return false;
  }
  const long code = PyLong_AsLong(status);
  if (code == -1 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    PyErr_Format(PyExc_TypeError, "status must be an int, got %R", status);
    return false;
  }
  if (code < wire::kMinStatus || code > wire::kMaxStatus) {
    PyErr_Format(PyExc_ValueError, "status must be %u to %u, got %R", wire::kMinStatus,
                 wire::kMaxStatus, status);
    return false;
  }
  const std::optional<bool> trailers = Flag(message, names.trailers);
  if (!trailers) return false;
  PyObject* headers = Field(message, names.headers);
  if (headers == nullptr && PyErr_Occurred() != nullptr) return false;
  if (headers != nullptr && !TakeHeaders(headers)) {
    content_length_ = -1;
    return false;
  }
  status_ = static_cast<uint32_t>(code);
  bodiless_ = bodiless_ || code == 204 || code == 304;
  has_trailers_ = *trailers;
  state_ = State::kStartHeld;
  return true;
}

bool Response::TakeHeaders(PyObject* headers) {
  using Verdict = HeaderList::Verdict;
  return headers_.Take(headers, [this](std::string_view name, std::string_view value) {
    if (name == "accept-ranges" || name == "content-range" || name == "content-encoding") {
      handles_ranges_ = true;
    }
    // The server frames the body, so ASGI tells it to ignore this header.
    if (name == "transfer-encoding") return Verdict::kDrop;
    if (name != "content-length" || TakeLength(value)) return Verdict::kKeep;
    return Verdict::kRefuse;
  });
}

bool Response::TakeLength(std::string_view text) {
  int64_t length = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size() || length < 0 ||
      (content_length_ >= 0 && content_length_ != length)) {
    PyErr_Format(PyExc_ValueError, "content-length must be a single number, got '%s'",
                 std::string(text).c_str());
    return false;
  }
  content_length_ = length;
  return true;
}

bool Response::TakeBody(PyObject* message, const Names& names, Sending* sending) {
  const std::optional<bool> more = Flag(message, names.more_body);
  if (!more) return false;
  PyObject* body = Field(message, names.body);
  if (body == nullptr && PyErr_Occurred() != nullptr) return false;
  Ref bytes = body != nullptr ? py::AsBytes(body, "'body'") : py::Bytes({});
  if (!bytes) return false;
  if (bodiless_) {
    bytes = py::Bytes({});
    if (!bytes) return false;
  } else if (!Count(PyBytes_Size(bytes.get()), !*more)) {
    return false;
  }
  sending->body = std::move(bytes);
  sending->more = *more;
  return true;
}

bool Response::Count(int64_t bytes, bool last) {
  const int64_t length = body_length_ + bytes;
  if (content_length_ >= 0 && (length > content_length_ || (last && length < content_length_))) {
    PyErr_Format(PyExc_RuntimeError,
                 "Response body %s than its content-length: %lld bytes instead of %lld",
                 length > content_length_ ? "longer" : "shorter", static_cast<long long>(length),
                 static_cast<long long>(content_length_));
    return false;
  }
  body_length_ = length;
  return true;
}

}  // namespace nasgi::worker
