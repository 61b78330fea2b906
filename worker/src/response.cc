#include "response.h"

#include <charconv>
#include <string_view>

#include "py/ref.h"
#include "wire/http_head.h"
#include "wire/protocol.h"

namespace nasgi::worker {

using py::Ref;

namespace {

constexpr long kMinStatus = 200;
constexpr long kMaxStatus = 999;

std::string_view View(PyObject* bytes) {
  return {PyBytes_AsString(bytes), static_cast<size_t>(PyBytes_Size(bytes))};
}

bool IsBytesLike(PyObject* object) {
  return PyBytes_Check(object) || PyByteArray_Check(object) ||
         PyObject_TypeCheck(object, &PyMemoryView_Type);
}

// The object as bytes, copied only where it is another kind; nothing with TypeError set otherwise.
Ref AsBytes(PyObject* object, const char* what) {
  if (PyBytes_Check(object)) return Ref::Borrow(object);
  if (IsBytesLike(object)) return Ref::Steal(PyBytes_FromObject(object));
  const Ref type =
      Ref::Steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(object)), "__name__"));
  if (type) PyErr_Format(PyExc_TypeError, "%s must be bytes, not %U", what, type.get());
  return {};
}

bool Expected(const char* expected, PyObject* got) {
  PyErr_Format(PyExc_RuntimeError, "Expected ASGI message %s, but got %R", expected, got);
  return false;
}

}  // namespace

bool Response::Take(PyObject* message, const Names& names, Awaitable::Sending* sending) {
  if (!PyDict_Check(message)) {
    PyErr_Format(PyExc_TypeError, "send() takes a dict with a 'type', got %R", message);
    return false;
  }
  PyObject* type = PyDict_GetItemWithError(message, names.type.get());
  if (type == nullptr) {
    if (PyErr_Occurred() == nullptr) {
      PyErr_Format(PyExc_ValueError, "ASGI message without 'type': %R", message);
    }
    return false;
  }
  const auto is = [type](const Ref& name) {
    return type == name.get() || PyObject_RichCompareBool(type, name.get(), Py_EQ) == 1;
  };
  if (state_ == State::kComplete) {
    PyErr_Format(PyExc_RuntimeError, "Unexpected ASGI message %R: the response is complete", type);
    return false;
  }
  if (state_ == State::kExpectStart) {
    return is(names.response_start) ? TakeStart(message, names)
                                    : Expected("'http.response.start'", type);
  }
  return is(names.response_body) ? TakeBody(message, names, sending)
                                 : Expected("'http.response.body'", type);
}

bool Response::TakeStart(PyObject* message, const Names& names) {
  PyObject* status = PyDict_GetItemWithError(message, names.status.get());
  if (status == nullptr) {
    if (PyErr_Occurred() == nullptr) {
      PyErr_SetString(PyExc_ValueError, "'http.response.start' needs a 'status'");
    }
    return false;
  }
  const long code = PyLong_AsLong(status);
  if (code == -1 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    PyErr_Format(PyExc_TypeError, "status must be an int, got %R", status);
    return false;
  }
  if (code < kMinStatus || code > kMaxStatus) {
    PyErr_Format(PyExc_ValueError, "status must be %ld to %ld, got %R", kMinStatus, kMaxStatus,
                 status);
    return false;
  }
  status_ = static_cast<uint32_t>(code);
  bodiless_ = bodiless_ || code == 204 || code == 304;
  PyObject* headers = PyDict_GetItemWithError(message, names.headers.get());
  if (headers == nullptr && PyErr_Occurred() != nullptr) return false;
  if (headers != nullptr && !TakeHeaders(headers)) {
    headers_.clear();
    head_size_ = 0;
    content_length_ = -1;
    return false;
  }
  state_ = State::kStartHeld;
  return true;
}

bool Response::TakeHeaders(PyObject* headers) {
  const Ref iterator = Ref::Steal(PyObject_GetIter(headers));
  if (!iterator) return false;
  while (const Ref pair = Ref::Steal(PyIter_Next(iterator.get()))) {
    if (!TakeHeader(pair.get())) return false;
  }
  if (PyErr_Occurred() != nullptr) return false;
  if (head_size_ > wire::kMaxHead) {
    PyErr_Format(PyExc_ValueError, "response headers take %zu bytes, the limit is %zu", head_size_,
                 wire::kMaxHead);
    return false;
  }
  return true;
}

bool Response::TakeHeader(PyObject* pair) {
  const Ref items = Ref::Steal(PySequence_Tuple(pair));
  if (!items) return false;
  if (PyTuple_Size(items.get()) != 2) {
    PyErr_Format(PyExc_ValueError, "a header must be a pair of bytes, got %R", pair);
    return false;
  }
  const Ref name = AsBytes(PyTuple_GetItem(items.get(), 0), "a header's name");
  if (!name) return false;
  const Ref value = AsBytes(PyTuple_GetItem(items.get(), 1), "a header's value");
  if (!value) return false;
  if (!wire::IsToken(View(name.get()))) {
    PyErr_Format(PyExc_ValueError, "HTTP cannot carry a header of the name %R", name.get());
    return false;
  }
  if (!wire::IsFieldValue(View(value.get()))) {
    PyErr_Format(PyExc_ValueError, "HTTP cannot carry the value of the header %R: %R", name.get(),
                 value.get());
    return false;
  }
  const size_t start = headers_.size() + (headers_.empty() ? 0 : 1);
  if (start != 0) headers_.push_back('\0');
  headers_.append(View(name.get()));
  wire::LowerCase(std::span(headers_).subspan(start));
  const std::string_view lower = std::string_view(headers_).substr(start);
  if (lower == "transfer-encoding") {  // the server's affair (ASGI: it must be ignored)
    headers_.resize(start == 0 ? 0 : start - 1);
    return true;
  }
  if (lower == "content-length") {
    const std::string_view text = View(value.get());
    int64_t length = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (error != std::errc() || end != text.data() + text.size() || length < 0 ||
        (content_length_ >= 0 && content_length_ != length)) {
      PyErr_Format(PyExc_ValueError, "content-length is not one number: %R", value.get());
      return false;
    }
    content_length_ = length;
  }
  headers_.push_back('\0');
  headers_.append(View(value.get()));
  head_size_ += lower.size() + View(value.get()).size() + wire::kHeaderOverhead;
  return true;
}

bool Response::TakeBody(PyObject* message, const Names& names, Awaitable::Sending* sending) {
  PyObject* more = PyDict_GetItemWithError(message, names.more_body.get());
  if (more == nullptr && PyErr_Occurred() != nullptr) return false;
  const int more_body = more != nullptr ? PyObject_IsTrue(more) : 0;
  if (more_body < 0) return false;
  PyObject* body = PyDict_GetItemWithError(message, names.body.get());
  if (body == nullptr && PyErr_Occurred() != nullptr) return false;
  Ref bytes =
      body != nullptr ? AsBytes(body, "'body'") : Ref::Steal(PyBytes_FromStringAndSize(nullptr, 0));
  if (!bytes) return false;
  if (bodiless_) {
    bytes = Ref::Steal(PyBytes_FromStringAndSize(nullptr, 0));
    if (!bytes) return false;
  } else if (content_length_ >= 0) {
    const int64_t length = body_length_ + PyBytes_Size(bytes.get());
    if (length > content_length_ || (more_body == 0 && length < content_length_)) {
      PyErr_Format(PyExc_RuntimeError,
                   "Response body %s than its content-length: %lld bytes instead of %lld",
                   length > content_length_ ? "longer" : "shorter", static_cast<long long>(length),
                   static_cast<long long>(content_length_));
      return false;
    }
    body_length_ = length;
  }
  sending->body = std::move(bytes);
  sending->more = more_body != 0;
  return true;
}

}  // namespace nasgi::worker
