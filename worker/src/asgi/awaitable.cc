#include "asgi/awaitable.h"

#include "asgi/cycle.h"
#include "py/coroutine.h"

namespace nasgi::worker {

using py::Ref;

PySendResult Awaitable::Step(PyObject** result) {
  *result = nullptr;
  if (finished_) {
    PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited receive() or send()");
    return PYGEN_ERROR;
  }
  // The app may drop its last reference to us while it runs below.
  const Ref cycle_object = cycle_object_;
  while (true) {
    if (waiting_) {
      const PySendResult sent = PyIter_Send(waiting_.get(), Py_None, result);
      if (sent == PYGEN_NEXT) return sent;
      waiting_ = {};
      cycle_->Resumed();
      if (sent == PYGEN_ERROR) {
        Finish();
        return sent;
      }
      Py_XDECREF(*result);
      *result = nullptr;
    }
    Ref value;
    Ref future;
    const Progress progress = kind_ == Kind::kReceive
                                  ? cycle_->Receive(&value, &future)
                                  : cycle_->Send(message_.get(), &sending_, &future);
    switch (progress) {
      case Progress::kDone:
        Finish();
        *result = value ? value.release() : Ref::Borrow(Py_None).release();
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
  const Ref cycle_object = cycle_object_;
  if (cycle_object) cycle_->Resumed();
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

int Awaitable::Traverse(visitproc visit, void* arg) {
  for (const Ref* ref : {&cycle_object_, &message_, &waiting_, &sending_.body}) {
    if (const int stop = py::Visit(*ref, visit, arg); stop != 0) return stop;
  }
  return 0;
}

void Awaitable::Clear() {
  cycle_object_ = {};
  message_ = {};
  waiting_ = {};
  sending_.body = {};
}

PyTypeObject* MakeAwaitableType(PyObject* module) {
  return py::MakeCoroutineType<Awaitable>(module, "node_asgi_worker._worker.Awaitable", nullptr);
}

}  // namespace nasgi::worker
