#include "asgi/http_cycle.h"

#include <algorithm>

#include "asgi/message.h"
#include "py/text.h"

namespace nasgi::worker {

using py::Ref;

HttpCycle::HttpCycle(Host* host, Ref host_object, uint32_t stream, Ref scope,
                     const RequestTraits& traits)
    : Cycle(host, std::move(host_object), stream, std::move(scope), traits),
      wants_continue_(traits.wants_continue),
      wants_range_(traits.wants_range),
      response_(state().names.response_start, state().names.response_body, traits.is_head) {}

Cycle::Functions* HttpCycle::functions() const {
  static Functions functions = FunctionsOf<HttpCycle>();
  return &functions;
}

Delivery HttpCycle::OnBody(std::string_view bytes, bool end) {
  if (body_end_ || !receive_window_.Receive(bytes.size())) return Delivery::kProtocolError;
  body_end_ = end;
  if (!bytes.empty()) {
    Ref chunk = py::Bytes(bytes);
    if (!chunk) {
      PyErr_Clear();
      return Delivery::kOutOfMemory;
    }
    body_.push_back(std::move(chunk));
  }
  Wake(&receivers_);
  return Delivery::kTaken;
}

void HttpCycle::DropReceived() { body_.clear(); }

Ref HttpCycle::TakeBody() {
  if (body_.empty()) return py::Bytes({});
  Ref whole = std::move(body_.front());
  if (body_.size() > 1) {
    const Ref first = std::move(whole);
    size_t size = py::View(first).size();
    for (size_t i = 1; i < body_.size(); ++i) size += py::View(body_[i]).size();
    whole = Ref::Steal(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
    if (!whole) return {};
    char* end = std::ranges::copy(py::View(first), PyBytes_AsString(whole.get())).out;
    for (size_t i = 1; i < body_.size(); ++i) end = std::ranges::copy(py::View(body_[i]), end).out;
  }
  body_.clear();
  return whole;
}

Ref HttpCycle::BodyMessage() {
  const Names& names = state().names;
  const Ref message = NewMessage(names.http_request);
  const Ref bytes = message ? TakeBody() : Ref();
  if (!bytes) return {};
  body_taken_ = body_end_;
  const uint32_t credit = receive_window_.Consume(static_cast<size_t>(PyBytes_Size(bytes.get())));
  if (!body_end_) GiveCredit(credit);
  PyObject* more = body_taken_ ? Py_False : Py_True;
  const bool ok = PyDict_SetItem(message.get(), names.body.get(), bytes.get()) == 0 &&
                  PyDict_SetItem(message.get(), names.more_body.get(), more) == 0;
  return ok ? message : Ref();
}

Progress HttpCycle::Receive(Ref* message, Ref* future) {
  if (disconnected_ || ended_ || complete()) {
    *message = NewMessage(state().names.http_disconnect);
    return *message ? Progress::kDone : Progress::kError;
  }
  if (!body_.empty() || (body_end_ && !body_taken_)) {
    *message = BodyMessage();
    return *message ? Progress::kDone : Progress::kError;
  }
  if (std::exchange(wants_continue_, false) && !response_.started()) {
    sender().SendFrame(wire::Continue{stream_});
  }
  return Wait(&receivers_, false, future);
}

Progress HttpCycle::Send(PyObject* message, Sending* sending, Ref* future) {
  if (disconnected_ || ended_) return Disconnected("the client has disconnected");
  if (!sending->accepted) {
    PyObject* type = MessageType(message, state().names);
    if (type == nullptr) return Progress::kError;
    switch (SendExtension(type, message, sending)) {
      case Extension::kSent:
        return Progress::kDone;
      case Extension::kError:
        return Progress::kError;
      case Extension::kBody:
      case Extension::kFile:
      case Extension::kHint:
        break;
      case Extension::kNone:
        if (!response_.Take(type, message, state().names, sending)) return Progress::kError;
        if (!sending->body) {
          TookStart();
          return Progress::kDone;
        }
        break;
    }
    sending->accepted = true;
  }
  if (sending->file >= 0) return SendFile(sending, future);
  if (sending->hint) return SendHint(sending, future);
  return SendBody(&response_, sending, future);
}

AppErrorText HttpCycle::OnReturn() {
  return {"RuntimeError",
          response_.state() == Response::State::kExpectStart
              ? "the ASGI application returned without sending a response"
              : "the ASGI application returned without completing its response",
          {}};
}

}  // namespace nasgi::worker
