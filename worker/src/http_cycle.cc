#include "http_cycle.h"

#include <algorithm>

#include "app_error.h"
#include "channel.h"
#include "py/coroutine.h"

namespace nasgi::worker {

using py::Ref;

namespace {

PyObject* Await(PyObject* self, Awaitable::Kind kind, PyObject* message) {
  PyTypeObject* type = HttpCycle::OfObject(self).state().awaitable_type;
  return py::Box<Awaitable>::New(type, kind, Ref::Borrow(self), Ref::Borrow(message));
}

PyObject* ReceiveFunction(PyObject* self, PyObject* /*unused*/) {
  return Await(self, Awaitable::Kind::kReceive, nullptr);
}

PyObject* SendFunction(PyObject* self, PyObject* message) {
  return Await(self, Awaitable::Kind::kSend, message);
}

PyMethodDef receive_def = {"receive", ReceiveFunction, METH_NOARGS,
                           "The next event of this connection."};
PyMethodDef send_def = {"send", SendFunction, METH_O, "Sends an event to the client."};

}  // namespace

HttpCycle& HttpCycle::OfObject(PyObject* self) { return py::Box<HttpCycle>::Of(self); }

const ModuleState& HttpCycle::state() const { return channel_->state(); }

bool HttpCycle::OnBody(std::string_view bytes, bool end) {
  if (body_end_ || !receive_window_.Receive(bytes.size())) return false;
  body_end_ = end;
  if (!bytes.empty()) {
    Ref chunk =
        Ref::Steal(PyBytes_FromStringAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size())));
    if (!chunk) return false;
    body_.push_back(std::move(chunk));
  }
  receivers_.Wake(state().names);
  return true;
}

bool HttpCycle::OnCredit(uint32_t bytes) {
  if (!send_window_.Open(bytes)) return false;
  senders_.Wake(state().names);
  return true;
}

void HttpCycle::OnDisconnect() {
  disconnected_ = true;
  receivers_.Wake(state().names);
  senders_.Wake(state().names);
}

void HttpCycle::DropBody() {
  body_.clear();
  next_ = 0;
}

Ref HttpCycle::BodyMessage() {
  const Names& names = state().names;
  Ref message = Ref::Steal(PyDict_New());
  Ref bytes;
  if (!body_waits()) {
    bytes = Ref::Steal(PyBytes_FromStringAndSize(nullptr, 0));
  } else {
    bytes = std::move(body_[next_++]);
    if (2 * next_ >= body_.size()) {  // amortized: each piece is moved once at most
      body_.erase(body_.begin(), body_.begin() + static_cast<std::ptrdiff_t>(next_));
      next_ = 0;
    }
  }
  if (!message || !bytes) return {};
  body_taken_ = body_end_ && !body_waits();
  if (const uint32_t credit =
          receive_window_.Consume(static_cast<size_t>(PyBytes_Size(bytes.get())));
      credit > 0 && !body_end_) {
    channel_->SendFrame(wire::Credit{stream_, credit});
  }
  PyObject* more = body_taken_ ? Py_False : Py_True;
  const bool ok = PyDict_SetItem(message.get(), names.type.get(), names.http_request.get()) == 0 &&
                  PyDict_SetItem(message.get(), names.body.get(), bytes.get()) == 0 &&
                  PyDict_SetItem(message.get(), names.more_body.get(), more) == 0;
  return ok ? message : Ref();
}

Progress HttpCycle::Receive(Ref* message, Ref* future) {
  const Names& names = state().names;
  if (disconnected_ || ended_ || complete()) {
    *message = Ref::Steal(PyDict_New());
    if (!*message) return Progress::kError;
    return PyDict_SetItem(message->get(), names.type.get(), names.http_disconnect.get()) == 0
               ? Progress::kDone
               : Progress::kError;
  }
  if (body_waits() || (body_end_ && !body_taken_)) {
    *message = BodyMessage();
    return *message ? Progress::kDone : Progress::kError;
  }
  *future = channel_->NewFuture();
  if (!*future) return Progress::kError;
  receivers_.Add(*future);
  return Progress::kWait;
}

Progress HttpCycle::Send(PyObject* message, Awaitable::Sending* sending, Ref* future) {
  if (disconnected_ || ended_) {
    PyErr_SetString(state().client_disconnected.get(), "the client has disconnected");
    return Progress::kError;
  }
  if (!sending->accepted) {
    if (!response_.Take(message, state().names, sending)) return Progress::kError;
    sending->accepted = true;
    if (!sending->body) return Progress::kDone;  // a start: held
  }
  const std::string_view body{PyBytes_AsString(sending->body.get()),
                              static_cast<size_t>(PyBytes_Size(sending->body.get()))};
  while (true) {
    const size_t rest = body.size() - sending->offset;
    const size_t size = std::min({rest, wire::kMaxChunk, send_window_.available()});
    const bool blocked = size == 0 && rest > 0;
    if (blocked || channel_->backlogged()) {
      *future = channel_->NewFuture();
      if (!*future) return Progress::kError;
      if (!blocked) channel_->room_waiters().Add(*future);
      senders_.Add(*future);
      return Progress::kWait;
    }
    SendChunk(body.substr(sending->offset, size), !sending->more && size == rest);
    sending->offset += size;
    if (size == rest) return Progress::kDone;
  }
}

void HttpCycle::SendChunk(std::string_view chunk, bool end) {
  send_window_.Spend(chunk.size());
  if (response_.state() != Response::State::kStartHeld) {
    if (!chunk.empty() || end) channel_->SendFrame(wire::Body{stream_, chunk, end});
  } else {
    const wire::Response frame{stream_, response_.status(), response_.headers(), chunk, end};
    if (channel_->Fits(frame)) {
      channel_->SendFrame(frame);
    } else {  // a large head and a small ring
      channel_->SendFrame(
          wire::Response{stream_, response_.status(), response_.headers(), {}, false});
      channel_->SendFrame(wire::Body{stream_, chunk, end});
    }
  }
  response_.Sent(end);
  if (end) {  // whoever waits in receive() learns that it is over
    DropBody();
    receivers_.Wake(state().names);
  }
}

bool HttpCycle::StartApp() {
  PyObject* self = channel_->CycleObject(stream_);
  const Ref receive = Ref::Steal(PyCFunction_NewEx(&receive_def, self, nullptr));
  const Ref send = Ref::Steal(PyCFunction_NewEx(&send_def, self, nullptr));
  if (!receive || !send) return false;
  const Ref scope = std::move(scope_);
  Ref result = Ref::Steal(PyObject_CallFunctionObjArgs(channel_->app().get(), scope.get(),
                                                       receive.get(), send.get(), nullptr));
  if (!result) return false;
  if (reinterpret_cast<PyObject*>(Py_TYPE(result.get())) == state().coroutine_type.get()) {
    app_ = std::move(result);
    return true;
  }
  // Any other awaitable: what `await` would do.
  const Ref type = Ref::Borrow(reinterpret_cast<PyObject*>(Py_TYPE(result.get())));
  const Ref await = Ref::Steal(PyObject_GetAttr(type.get(), state().names.await.get()));
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

PySendResult HttpCycle::Step(PyObject** result) {
  *result = nullptr;
  if (ended_) {
    PyErr_SetString(PyExc_RuntimeError, "cannot reuse the coroutine of a finished request");
    return PYGEN_ERROR;
  }
  if (app_ || StartApp()) {
    const Ref app = app_;
    const PySendResult sent = PyIter_Send(app.get(), Py_None, result);
    if (sent == PYGEN_NEXT) return sent;
    if (sent == PYGEN_RETURN) {
      Py_XDECREF(*result);
      *result = nullptr;
      End({});
      *result = Ref::Borrow(Py_None).release();
      return PYGEN_RETURN;
    }
  }
  const Ref exception = py::TakeException();
  End(exception);
  if (PyObject_IsInstance(exception.get(), state().cancelled_error.get()) == 1) {
    py::SetException(exception.get());  // the task is to count as cancelled
    return PYGEN_ERROR;
  }
  *result = Ref::Borrow(Py_None).release();
  return PYGEN_RETURN;
}

PyObject* HttpCycle::Throw(PyObject* args) {
  const Ref app = app_;
  PyObject* yielded = nullptr;
  if (app) {
    const Ref thrower = Ref::Steal(PyObject_GetAttr(app.get(), state().names.throw_.get()));
    if (thrower) {
      yielded = PyObject_Call(thrower.get(), args, nullptr);
    } else {  // a plain iterator has none: the exception ends it
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

void HttpCycle::Close() {
  const Ref app = app_;
  if (app) {
    const Ref closed = Ref::Steal(PyObject_CallMethod(app.get(), "close", nullptr));
    py::ReportUnraisable(app.get());
  }
  End({});
}

void HttpCycle::End(const Ref& exception) {
  if (std::exchange(ended_, true)) return;
  const bool gone =
      disconnected_ &&
      (!exception ||
       PyErr_GivenExceptionMatches(exception.get(), state().client_disconnected.get()) != 0 ||
       PyErr_GivenExceptionMatches(exception.get(), state().cancelled_error.get()) != 0);
  AppErrorText text;
  if (exception) {
    if (!gone) text = DescribeException(channel_->describe_error(), exception);
  } else if (!complete() && !gone) {
    text = {"RuntimeError",
            response_.state() == Response::State::kExpectStart
                ? "the ASGI application returned without sending a response"
                : "the ASGI application returned without completing its response",
            {}};
  }
  if (complete()) {
    if (!text.type.empty())
      PrintAppError(channel_->write_error(), text, "after its response was complete");
  } else if (disconnected_) {
    if (!text.type.empty() && !SaysDisconnect(text)) {
      PrintAppError(channel_->write_error(), text, "after the client had disconnected");
    }
    channel_->SendFrame(wire::Closed{stream_});
  } else {
    channel_->SendFrame(
        wire::AppError{stream_, text.type, text.message, text.traceback, responding()});
  }
  receivers_.Wake(state().names);
  senders_.Wake(state().names);
  app_ = {};
  scope_ = {};
  task_ = {};
  DropBody();
  channel_->CycleEnded(stream_);
}

int HttpCycle::Traverse(visitproc visit, void* arg) {
  for (const Ref* ref : {&channel_object_, &scope_, &app_, &task_}) {
    if (const int stop = py::Visit(*ref, visit, arg); stop != 0) return stop;
  }
  if (const int stop = receivers_.Traverse(visit, arg); stop != 0) return stop;
  return senders_.Traverse(visit, arg);
}

void HttpCycle::Clear() {
  scope_ = {};
  app_ = {};
  task_ = {};
  receivers_.Clear();
  senders_.Clear();
}

}  // namespace nasgi::worker
