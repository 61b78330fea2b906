#include "asgi/awaitable.h"

#include "py/coroutine.h"

namespace nasgi::worker {

using py::Ref;

PySendResult Awaitable::Step(PyObject* /*self*/, PyObject** result) {
  *result = nullptr;
  if (finished_) {
    PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited receive() or send()");
    return PYGEN_ERROR;
  }
  // Python code that runs below may close this awaitable, which lets go of the connection.
  const Ref connection_object = connection_object_;
  while (true) {
    if (waiting_) {
      const PySendResult sent = PyIter_Send(waiting_.get(), Py_None, result);
      if (sent == PYGEN_NEXT) return sent;
      waiting_ = {};
      connection_->Resumed();
      if (sent == PYGEN_ERROR) {
        Finish();
        return sent;
      }
      py::Drop(result);
    }
    Ref value;
    Ref future;
    const Progress progress = kind_ == Kind::kReceive
                                  ? connection_->Receive(&value, &future)
                                  : connection_->Send(message_.get(), &sending_, &future);
    switch (progress) {
      case Progress::kDone:
        Finish();
        *result = value ? value.release() : py::NewNone();
        return PYGEN_RETURN;
      case Progress::kWait:
        waiting_ = Ref::Steal(PyObject_GetIter(future.get()));
        if (waiting_) continue;
        [[fallthrough]];
      case Progress::kError:
        Finish();
        return PYGEN_ERROR;
    }
  }
}

PyObject* Awaitable::Throw(PyObject* args) {
  const Ref waiting = waiting_;
  const Ref connection_object = connection_object_;
  if (connection_object) connection_->Resumed();
  if (finished_ || !waiting) {
    Finish();
    return py::RaiseThrown(args);
  }
  const Ref thrower = Ref::Steal(PyObject_GetAttrString(waiting.get(), "throw"));
  PyObject* yielded = thrower ? PyObject_Call(thrower.get(), args, nullptr) : nullptr;
  if (yielded == nullptr) Finish();
  return yielded;
}

void Awaitable::Finish() {
  finished_ = true;
  Clear();
}

int Awaitable::Traverse(visitproc visit, void* arg) const {
  return py::Visit(visit, arg, connection_object_, message_, waiting_, sending_.body);
}

void Awaitable::Clear() {
  connection_object_ = {};
  message_ = {};
  waiting_ = {};
  sending_.body = {};
  sending_.own_file.reset();
}

Ref MakeAwaitableType(PyObject* module) {
  return py::MakeCoroutineType<Awaitable>(module, "node_asgi_worker._worker.Awaitable", nullptr);
}

}  // namespace nasgi::worker
