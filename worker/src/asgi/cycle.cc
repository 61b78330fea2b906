#include "asgi/cycle.h"

#include <algorithm>

#include "py/coroutine.h"
#include "py/text.h"

namespace nasgi::worker {

using py::Ref;

PyObject* Cycle::NewAwaitable(PyObject* self, Cycle* cycle, Awaitable::Kind kind,
                              PyObject* message) {
  return py::Box<Awaitable>::New(py::AsType(cycle->state().awaitable_type), kind, Ref::Borrow(self),
                                 cycle, Ref::Borrow(message));
}

Delivery Cycle::OnCredit(uint32_t bytes) {
  if (!send_window_.Open(bytes)) return Delivery::kProtocolError;
  OnRoom();
  Wake(&senders_);
  return Delivery::kTaken;
}

void Cycle::OnDisconnect() {
  disconnected_ = true;
  Wake(&receivers_);
  Wake(&senders_);
}

Ref Cycle::NewMessage(const Ref& type) const {
  Ref message = Ref::Steal(PyDict_New());
  if (!message || PyDict_SetItem(message.get(), state().names.type.get(), type.get()) != 0) {
    return {};
  }
  return message;
}

Progress Cycle::Disconnected(const char* why) const {
  PyErr_SetString(state().client_disconnected.get(), why);
  return Progress::kError;
}

void Cycle::GiveCredit(uint32_t credit) {
  if (credit > 0) sender().SendFrame(wire::Credit{stream_, credit});
}

Progress Cycle::Wait(Waiters* waiters, bool for_room, Ref* future) {
  *future = sender().NewFuture();
  if (!*future) return Progress::kError;
  if (for_room) sender().room_waiters().Add(*future);
  waiters->Add(*future);
  Waits(true);
  return Progress::kWait;
}

void Cycle::Wake(Waiters* waiters) {
  waiters->Wake(state().method_names);
  Waits(false);
}

void Cycle::Waits(bool waits) {
  if (waits != std::exchange(waits_, waits)) host_->CycleWaits(waits);
}

Progress Cycle::SendBody(Response* response, Sending* sending, Ref* future) {
  const std::string_view body = py::View(sending->body);
  while (true) {
    const size_t rest = body.size() - sending->offset;
    const size_t size = std::min({rest, wire::kMaxChunk, send_window_.available()});
    const bool blocked = size == 0 && rest > 0;
    if (blocked || sender().backlogged()) return Wait(&senders_, !blocked, future);
    SendChunk(response, body.substr(sending->offset, size), !sending->more && size == rest);
    sending->offset += size;
    if (size == rest) return Progress::kDone;
  }
}

void Cycle::SendChunk(Response* response, std::string_view chunk, bool last) {
  const bool end = last && !response->has_trailers();
  send_window_.Spend(chunk.size());
  if (response->started()) {
    if (!chunk.empty() || end) sender().SendFrame(wire::Body{stream_, chunk, end});
  } else {
    sender().SendFrame(
        wire::Response{stream_, response->status(), response->headers(), chunk, end});
  }
  response->Sent(last);
  if (end) ResponseEnded();
}

Ref Cycle::Name() const {
  const Ref path = path_ ? path_ : py::Utf8("", nullptr);
  if (!path) return {};
  return Ref::Steal(method_ ? PyUnicode_FromFormat("%U %U", method_.get(), path.get())
                            : PyUnicode_FromFormat("WebSocket %U", path.get()));
}

void Cycle::HoldStart() {
  if (head_ticket_ != 0) return;
  static uint64_t tickets = 0;
  head_ticket_ = ++tickets;
  host_->StartHeld(stream_, head_ticket_);
}

void Cycle::SendHead(uint64_t ticket) {
  Response* held = response();
  if (ticket != head_ticket_ || held == nullptr || ended_ || disconnected_ ||
      held->state() != Response::State::kStartHeld) {
    return;
  }
  sender().SendFrame(wire::Response{stream_, held->status(), held->headers(), {}, false});
  held->HeadSent();
}

void Cycle::ResponseEnded() {
  DropReceived();
  Wake(&receivers_);
}

bool Cycle::StartApp(PyObject* self) {
  const Ref receive = Ref::Steal(PyCFunction_NewEx(&functions()->receive, self, nullptr));
  const Ref send = Ref::Steal(PyCFunction_NewEx(&functions()->send, self, nullptr));
  if (!receive || !send) return false;
  const Ref scope = std::move(scope_);
  Ref result = Ref::Steal(PyObject_CallFunctionObjArgs(host_->application().app.get(), scope.get(),
                                                       receive.get(), send.get(), nullptr));
  if (!result) return false;
  if (py::TypeOf(result.get()) == state().coroutine_type.get()) {
    app_ = std::move(result);
    return true;
  }
  // Any other awaitable: what `await` would do.
  const Ref type = Ref::Borrow(py::TypeOf(result.get()));
  const Ref await = Ref::Steal(PyObject_GetAttr(type.get(), state().method_names.await.get()));
  if (!await) {
    PyErr_Clear();
    PyErr_Format(PyExc_TypeError,
                 "the ASGI application must return an awaitable, but app(scope, receive, send) "
                 "returned %R",
                 result.get());
    return false;
  }
  app_ = Ref::Steal(PyObject_CallFunctionObjArgs(await.get(), result.get(), nullptr));
  return static_cast<bool>(app_);
}

PySendResult Cycle::Step(PyObject* self, PyObject** result) {
  *result = nullptr;
  if (ended_) {
    PyErr_SetString(PyExc_RuntimeError, "cannot reuse the coroutine of a finished request");
    return PYGEN_ERROR;
  }
  if (app_ || StartApp(self)) {
    const PySendResult sent = StepApp(result);
    if (sent == PYGEN_NEXT) return sent;
    if (sent == PYGEN_RETURN) {
      py::Drop(result);
      End({});
      *result = py::NewNone();
      return PYGEN_RETURN;
    }
  }
  const Ref exception = py::TakeException();
  End(exception);
  if (PyObject_IsInstance(exception.get(), state().cancelled_error.get()) == 1) {
    py::SetException(exception.get());  // so that the task counts as cancelled
    return PYGEN_ERROR;
  }
  *result = py::NewNone();
  return PYGEN_RETURN;
}

PySendResult Cycle::StepApp(PyObject** result) {
  const Ref app = app_;
  stepping_ = true;
  const PySendResult sent = PyIter_Send(app.get(), Py_None, result);
  stepping_ = false;
  if (sent == PYGEN_NEXT) {
    const Response* held = response();
    if (held != nullptr && held->state() == Response::State::kStartHeld) HoldStart();
  }
  return sent;
}

PyObject* Cycle::Throw(PyObject* args) {
  const Ref app = app_;
  PyObject* yielded = nullptr;
  if (app) {
    const Ref thrower = Ref::Steal(PyObject_GetAttr(app.get(), state().method_names.throw_.get()));
    if (thrower) {
      yielded = PyObject_Call(thrower.get(), args, nullptr);
    } else {  // a plain iterator has no throw(): the exception ends it
      PyErr_Clear();
      py::RaiseThrown(args);
    }
  } else {
    py::RaiseThrown(args);
  }
  if (yielded != nullptr) return yielded;
  if (PyErr_ExceptionMatches(PyExc_StopIteration) != 0) {
    PyErr_Clear();
    End({});
    PyErr_SetNone(PyExc_StopIteration);
    return nullptr;
  }
  const Ref exception = py::TakeException();
  End(exception);
  if (PyObject_IsInstance(exception.get(), state().cancelled_error.get()) == 1) {
    py::SetException(exception.get());
  } else {
    PyErr_SetNone(PyExc_StopIteration);
  }
  return nullptr;
}

void Cycle::Close() {
  const Ref app = app_;
  if (app) {
    const Ref closed = Ref::Steal(PyObject_CallMethod(app.get(), "close", nullptr));
    py::ReportUnraisable(app.get());
  }
  End({});
}

void Cycle::End(const Ref& exception) {
  if (std::exchange(ended_, true)) return;
  const bool gone =
      disconnected_ &&
      (!exception ||
       PyErr_GivenExceptionMatches(exception.get(), state().client_disconnected.get()) != 0 ||
       PyErr_GivenExceptionMatches(exception.get(), state().cancelled_error.get()) != 0);
  AppErrorText text;
  if (exception) {
    if (!gone) text = DescribeException(host_->application().describe_error, exception);
  } else if (!complete() && !gone) {
    text = OnReturn();
  }
  const bool printed = !text.type.empty() && !SaysDisconnect(text);
  if (complete()) {
    if (printed) {
      PrintAppError(host_->application().write_error, text, "after its response was complete");
    }
  } else if (disconnected_) {
    if (printed) {
      PrintAppError(host_->application().write_error, text, "after the client had disconnected");
    }
    sender().SendFrame(wire::Closed{stream_});
  } else {
    sender().SendFrame(wire::AppError{stream_, text.type, text.message, text.traceback, started()});
  }
  Wake(&receivers_);
  Wake(&senders_);
  app_ = {};
  scope_ = {};
  task_ = {};
  DropReceived();
  host_->CycleEnded(stream_);
}

int Cycle::Traverse(visitproc visit, void* arg) const {
  if (const int stop = py::Visit(visit, arg, host_object_, scope_, app_, task_); stop != 0) {
    return stop;
  }
  if (const int stop = receivers_.Traverse(visit, arg); stop != 0) return stop;
  return senders_.Traverse(visit, arg);
}

void Cycle::Clear() {
  scope_ = {};
  app_ = {};
  task_ = {};
  receivers_.Clear();
  senders_.Clear();
}

}  // namespace nasgi::worker
