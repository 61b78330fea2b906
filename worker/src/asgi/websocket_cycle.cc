#include "asgi/websocket_cycle.h"

#include "asgi/header_list.h"
#include "asgi/message.h"
#include "py/text.h"
#include "wire/close_code.h"
#include "wire/http_head.h"
#include "wire/utf8.h"

namespace nasgi::worker {

using py::Ref;

namespace {

Ref Encoded(PyObject* text) { return Ref::Steal(PyUnicode_AsUTF8String(text)); }

}  // namespace

Cycle::Functions* WebSocketCycle::functions() const {
  static Functions functions = FunctionsOf<WebSocketCycle>();
  return &functions;
}

Delivery WebSocketCycle::OnMessage(const wire::SocketMessage& message) {
  const size_t cost = wire::MessageCost(message.bytes.size(), message.end);
  if (disconnected_ || !receive_window_.Receive(cost)) return Delivery::kProtocolError;
  partial_cost_ += cost;
  if (!message.end || !partial_.empty()) partial_.append(message.bytes);
  if (!message.end) {
    // A message may be longer than the window. While no other message waits to be received, its
    // pieces are given credit as they come.
    if (received_.empty()) GiveCredit(receive_window_.Consume(std::exchange(partial_cost_, 0)));
    return Delivery::kTaken;
  }
  if (ended_ || phase_ == Phase::kClosed) {
    GiveCredit(receive_window_.Consume(std::exchange(partial_cost_, 0)));
    partial_.clear();
    return Delivery::kTaken;
  }
  const std::string_view whole = partial_.empty() ? message.bytes : std::string_view(partial_);
  Ref content = message.text ? py::Utf8(whole, nullptr) : py::Bytes(whole);
  partial_ = {};
  if (!content) {
    const bool invalid = PyErr_ExceptionMatches(PyExc_UnicodeDecodeError) != 0;
    PyErr_Clear();
    return invalid ? Delivery::kProtocolError : Delivery::kOutOfMemory;
  }
  received_.push_back({std::move(content), std::exchange(partial_cost_, 0)});
  Wake(&receivers_);
  return Delivery::kTaken;
}

Delivery WebSocketCycle::OnClose(const wire::Close& close) {
  if (disconnected_) return Delivery::kProtocolError;
  close_code_ = close.code;
  close_reason_ = close.reason;
  OnDisconnect();
  return Delivery::kTaken;
}

void WebSocketCycle::DropReceived() {
  received_.clear();
  partial_ = {};
}

Progress WebSocketCycle::Receive(Ref* message, Ref* future) {
  if (!connect_taken_) {
    connect_taken_ = true;
    *message = NewMessage(state().names.websocket_connect);
  } else if (!received_.empty()) {
    *message = NextReceived();
  } else if (disconnected_ || ended_ || phase_ == Phase::kClosed) {
    *message = DisconnectMessage();
  } else {
    return Wait(&receivers_, false, future);
  }
  return *message ? Progress::kDone : Progress::kError;
}

Ref WebSocketCycle::NextReceived() {
  const Received next = std::move(received_.front());
  received_.pop_front();
  size_t cost = next.cost;
  if (received_.empty()) cost += std::exchange(partial_cost_, 0);
  const uint32_t credit = receive_window_.Consume(cost);
  if (!disconnected_ && phase_ != Phase::kClosed) GiveCredit(credit);
  const Names& names = state().names;
  const Ref& key = PyUnicode_Check(next.content.get()) ? names.text : names.bytes;
  Ref message = NewMessage(names.websocket_receive);
  if (!message || PyDict_SetItem(message.get(), key.get(), next.content.get()) != 0) return {};
  return message;
}

Ref WebSocketCycle::DisconnectMessage() const {
  const Names& names = state().names;
  Ref message = NewMessage(names.websocket_disconnect);
  const Ref code = Ref::Steal(PyLong_FromUnsignedLong(close_code_));
  const Ref reason = py::Utf8(close_reason_, "replace");
  const bool ok = message && code && reason &&
                  PyDict_SetItem(message.get(), names.code.get(), code.get()) == 0 &&
                  PyDict_SetItem(message.get(), names.reason.get(), reason.get()) == 0;
  return ok ? message : Ref();
}

Progress WebSocketCycle::Send(PyObject* message, Sending* sending, Ref* future) {
  if (sending->ticket != 0) {  // part of it may have been sent before the client disconnected
    if (!outgoing_ || messages_ != sending->ticket) return Progress::kDone;
    if (!disconnected_ && !ended_) return Wait(&senders_, false, future);
  }
  if (disconnected_ || ended_) return Disconnected("the client has disconnected");
  if (phase_ == Phase::kClosed) return Disconnected("the WebSocket is closed");
  PyObject* type = MessageType(message, state().names);
  if (type == nullptr) return Progress::kError;
  switch (phase_) {
    case Phase::kConnecting:
      return SendConnecting(type, message, sending, future);
    case Phase::kDenying:
      return SendDenial(type, message, sending, future);
    default:
      if (Is(type, state().names.websocket_send)) return SendMessage(message, sending, future);
      if (Is(type, state().names.websocket_close)) return SendClose(message, future);
      PyErr_Format(PyExc_RuntimeError,
                   "Expected ASGI message 'websocket.send' or 'websocket.close', but got %R", type);
      return Progress::kError;
  }
}

Progress WebSocketCycle::SendConnecting(PyObject* type, PyObject* message, Sending* sending,
                                        Ref* future) {
  const Names& names = state().names;
  if (Is(type, names.websocket_accept)) return SendAccept(message);
  if (Is(type, names.websocket_close)) return SendClose(message, future);
  if (Is(type, names.denial_start)) {
    denial_.emplace(names.denial_start, names.denial_body, false);
    const Progress progress = SendDenial(type, message, sending, future);
    if (progress == Progress::kDone) phase_ = Phase::kDenying;
    return progress;
  }
  PyErr_Format(PyExc_RuntimeError,
               "Expected ASGI message 'websocket.accept', 'websocket.close' or "
               "'websocket.http.response.start', but got %R",
               type);
  return Progress::kError;
}

Progress WebSocketCycle::SendDenial(PyObject* type, PyObject* message, Sending* sending,
                                    Ref* future) {
  if (!sending->accepted) {
    if (!denial_->Take(type, message, state().names, sending)) return Progress::kError;
    sending->accepted = true;
    if (!sending->body) {
      TookStart();
      return Progress::kDone;
    }
  }
  const Progress progress = SendBody(&*denial_, sending, future);
  if (denial_->state() == Response::State::kComplete) phase_ = Phase::kClosed;
  return progress;
}

Progress WebSocketCycle::SendAccept(PyObject* message) {
  const Names& names = state().names;
  PyObject* subprotocol = Field(message, names.subprotocol);
  PyObject* headers = Field(message, names.headers);
  if (PyErr_Occurred() != nullptr) return Progress::kError;
  Ref chosen;
  if (subprotocol != nullptr) {
    chosen = PyUnicode_Check(subprotocol) ? Encoded(subprotocol) : Ref();
    if (!chosen || !wire::IsToken(py::View(chosen))) {
      PyErr_Clear();
      PyErr_Format(PyExc_ValueError, "'subprotocol' must be a str that is an HTTP token, got %R",
                   subprotocol);
      return Progress::kError;
    }
  }
  HeaderList list;
  const auto judge = [](std::string_view name, std::string_view /*value*/) {
    if (!name.starts_with("sec-websocket-")) return HeaderList::Verdict::kKeep;
    PyErr_Format(
        PyExc_ValueError,
        "the server sets the header '%s' itself; to choose a subprotocol, send 'subprotocol'",
        std::string(name).c_str());
    return HeaderList::Verdict::kRefuse;
  };
  if (headers != nullptr && !list.Take(headers, judge)) return Progress::kError;
  phase_ = Phase::kOpen;
  sender().SendFrame(
      wire::Accept{stream_, chosen ? py::View(chosen) : std::string_view(), list.joined()});
  return Progress::kDone;
}

Progress WebSocketCycle::SendMessage(PyObject* message, Sending* sending, Ref* future) {
  if (!sending->accepted) {
    if (!TakeContent(message, sending)) return Progress::kError;
    sending->accepted = true;
  }
  // One at a time: pieces of two messages must not mix.
  if (outgoing_ || sender().backlogged()) return Wait(&senders_, !outgoing_, future);
  outgoing_ = sending->body;
  outgoing_text_ = sending->text;
  outgoing_sent_ = 0;
  sending->ticket = ++messages_;
  Pump();
  return outgoing_ ? Wait(&senders_, false, future) : Progress::kDone;
}

bool WebSocketCycle::TakeContent(PyObject* message, Sending* sending) const {
  const Names& names = state().names;
  PyObject* text = Field(message, names.text);
  PyObject* bytes = Field(message, names.bytes);
  if (PyErr_Occurred() != nullptr) return false;
  if ((text == nullptr) == (bytes == nullptr)) {
    PyErr_Format(PyExc_ValueError, "'websocket.send' needs either 'text' or 'bytes', got %R",
                 message);
    return false;
  }
  if (text != nullptr && !PyUnicode_Check(text)) {
    PyErr_Format(PyExc_TypeError, "'text' must be a str, got %R", text);
    return false;
  }
  sending->text = text != nullptr;
  sending->body = text != nullptr ? Encoded(text) : py::AsBytes(bytes, "'bytes'");
  return static_cast<bool>(sending->body);
}

void WebSocketCycle::Pump() {
  if (!outgoing_ || phase_ != Phase::kOpen || disconnected_) return;
  const std::string_view content = py::View(outgoing_);
  while (true) {
    const wire::Piece piece = wire::NextPiece(content.size() - outgoing_sent_, send_window_);
    if (piece.blocked()) return;
    send_window_.Spend(piece.cost());
    sender().SendFrame(wire::SocketMessage{stream_, content.substr(outgoing_sent_, piece.size),
                                           outgoing_text_, piece.end});
    outgoing_sent_ += piece.size;
    if (!piece.end) continue;
    outgoing_ = {};
    Wake(&senders_);
    return;
  }
}

Progress WebSocketCycle::SendClose(PyObject* message, Ref* future) {
  if (outgoing_) return Wait(&senders_, false, future);
  const Names& names = state().names;
  if (phase_ == Phase::kConnecting) {
    // Refused with a 403, which carries neither code nor reason. They are not checked, because apps
    // give what a close frame could not hold: FastAPI's reason is its list of validation errors.
    EndStream(wire::kNormalClosure, {});
    close_code_ = wire::kAbnormalClosure;
    return Progress::kDone;
  }
  PyObject* code_object = Field(message, names.code);
  PyObject* reason_object = Field(message, names.reason);
  if (PyErr_Occurred() != nullptr) return Progress::kError;
  const long code = code_object != nullptr ? PyLong_AsLong(code_object) : wire::kNormalClosure;
  if (code == -1 && PyErr_Occurred() != nullptr) return Progress::kError;
  if (!wire::IsCloseCode(code)) {
    PyErr_Format(PyExc_ValueError,
                 "a WebSocket cannot be closed with code %R; use 1000 to 1003, 1007 to 1014, or "
                 "3000 to 4999",
                 code_object);
    return Progress::kError;
  }
  if (reason_object != nullptr && !PyUnicode_Check(reason_object)) {
    PyErr_Format(PyExc_TypeError, "'reason' must be a str, got %R", reason_object);
    return Progress::kError;
  }
  const Ref reason = reason_object != nullptr ? Encoded(reason_object) : py::Bytes({});
  if (!reason) return Progress::kError;
  EndStream(static_cast<uint32_t>(code), wire::CutUtf8(py::View(reason), wire::kMaxCloseReason));
  return Progress::kDone;
}

void WebSocketCycle::EndStream(uint32_t code, std::string_view reason) {
  phase_ = Phase::kClosed;
  close_code_ = code;
  close_reason_ = reason;
  sender().SendFrame(wire::Close{stream_, code, reason});
  Wake(&receivers_);
  Wake(&senders_);
}

AppErrorText WebSocketCycle::OnReturn() {
  switch (phase_) {
    case Phase::kOpen:
      if (outgoing_) {
        return {"RuntimeError", "the ASGI application returned while it was sending a message", {}};
      }
      EndStream(wire::kNormalClosure, {});
      return {};
    case Phase::kConnecting:
      return {"RuntimeError",
              "the ASGI application returned without accepting or closing the WebSocket",
              {}};
    default:
      return {"RuntimeError",
              "the ASGI application returned without completing its response to the WebSocket",
              {}};
  }
}

int WebSocketCycle::Traverse(visitproc visit, void* arg) const {
  if (const int stop = py::Visit(visit, arg, outgoing_); stop != 0) return stop;
  return Cycle::Traverse(visit, arg);
}

void WebSocketCycle::Clear() {
  outgoing_ = {};
  received_.clear();
  Cycle::Clear();
}

}  // namespace nasgi::worker
