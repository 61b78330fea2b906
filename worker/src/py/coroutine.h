#pragma once

#include <Python.h>

#include <array>

#include "py/box.h"
#include "py/ref.h"

namespace nasgi::py {

// Raises what was given to throw(type[, value[, traceback]]); returns null. Needs the GIL.
inline PyObject* RaiseThrown(PyObject* args) {
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  if (PyArg_UnpackTuple(args, "throw", 1, 3, &type, &value, &traceback) == 0) return nullptr;
  if (PyExceptionInstance_Check(type)) {
    SetException(type);
  } else if (PyExceptionClass_Check(type)) {
    PyErr_SetObject(type, value);
  } else {
    PyErr_SetString(PyExc_TypeError, "throw() takes an exception");
  }
  return nullptr;
}

// Makes a heap type of Box<T> that `await`, asyncio and collections.abc take for a coroutine: send,
// throw, close, __await__ and the am_send slot. T has
//   PySendResult Step(PyObject* self, PyObject** result)   one step, by the rules of PyIter_Send
//   PyObject* Throw(PyObject* args)     new reference (what was yielded), or null with an exception
//   void Close()                        may leave an exception
// `getset` may add attributes, and must outlive the type.
//
// Thread safety: needs the GIL. One type for each T in a process: its tables are static.
// Lifetime: the object is kept alive while one of these methods of T runs.
// Failure: nothing, with an exception set.
template <class T>
Ref MakeCoroutineType(PyObject* module, const char* name, PyGetSetDef* getset) {
  struct Slots {
    static PySendResult AmSend(PyObject* self, PyObject* /*value*/, PyObject** result) {
      const Ref alive = Ref::Borrow(self);
      return Box<T>::Of(self).Step(self, result);
    }
    static PyObject* Next(PyObject* self) {
      PyObject* result = nullptr;
      const PySendResult sent = AmSend(self, Py_None, &result);
      if (sent != PYGEN_RETURN) return result;
      const Ref value = Ref::Steal(result);
      if (value.get() != Py_None) PyErr_SetObject(PyExc_StopIteration, value.get());
      return nullptr;
    }
    static PyObject* Send(PyObject* self, PyObject* /*value*/) {
      PyObject* result = Next(self);
      if (result == nullptr && PyErr_Occurred() == nullptr) PyErr_SetNone(PyExc_StopIteration);
      return result;
    }
    static PyObject* Throw(PyObject* self, PyObject* args) {
      const Ref alive = Ref::Borrow(self);
      return Box<T>::Of(self).Throw(args);
    }
    static PyObject* Close(PyObject* self, PyObject* /*unused*/) {
      const Ref alive = Ref::Borrow(self);
      Box<T>::Of(self).Close();
      return PyErr_Occurred() == nullptr ? NewNone() : nullptr;
    }
    static PyObject* Self(PyObject* self) { return Ref::Borrow(self).release(); }
    static PyObject* Await(PyObject* self, PyObject* /*unused*/) { return Self(self); }
  };
  static std::array<PyMethodDef, 5> methods = {{
      {"send", Slots::Send, METH_O, nullptr},
      {"throw", Slots::Throw, METH_VARARGS, nullptr},
      {"close", Slots::Close, METH_NOARGS, nullptr},
      {"__await__", Slots::Await, METH_NOARGS, nullptr},
      {nullptr, nullptr, 0, nullptr},
  }};
  static PyGetSetDef no_getset = {nullptr, nullptr, nullptr, nullptr, nullptr};
  const auto slot = [](auto* function) { return reinterpret_cast<void*>(function); };
  std::array<PyType_Slot, 10> slots = {{
      {Py_tp_dealloc, slot(&Box<T>::Dealloc)},
      {Py_tp_traverse, slot(&Box<T>::Traverse)},
      {Py_tp_clear, slot(&Box<T>::Clear)},
      {Py_tp_iter, slot(&Slots::Self)},
      {Py_tp_iternext, slot(&Slots::Next)},
      {Py_am_await, slot(&Slots::Self)},
      {Py_am_send, slot(&Slots::AmSend)},
      {Py_tp_methods, methods.data()},
      {Py_tp_getset, getset != nullptr ? getset : &no_getset},
      {0, nullptr},
  }};
  PyType_Spec spec = {name, sizeof(Box<T>), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      slots.data()};
  return Ref::Steal(PyType_FromModuleAndSpec(module, &spec, nullptr));
}

}  // namespace nasgi::py
