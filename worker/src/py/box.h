#pragma once

#include <Python.h>

#include <new>
#include <utility>

#include "py/ref.h"

namespace nasgi::py {

// A Python object that holds a C++ value: one allocation, garbage collected. T has
//   int Traverse(visitproc, void*)  and  void Clear()
// for the Python references in it, and is destroyed with the object.
template <class T>
struct Box {
  PyObject_HEAD T value;

  static T& Of(PyObject* self) { return reinterpret_cast<Box*>(self)->value; }

  // New reference, or null with MemoryError set.
  template <class... Args>
  static PyObject* New(PyTypeObject* type, Args&&... args) {
    Box* box = PyObject_GC_New(Box, type);
    if (box == nullptr) return nullptr;
    new (&box->value) T(std::forward<Args>(args)...);
    auto* self = reinterpret_cast<PyObject*>(box);
    PyObject_GC_Track(self);
    return self;
  }

  static void Dealloc(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Of(self).~T();
    PyObject_GC_Del(self);
    Py_DECREF(type);
  }
  static int Traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    return Of(self).Traverse(visit, arg);
  }
  static int Clear(PyObject* self) {
    Of(self).Clear();
    return 0;
  }
};

// Py_VISIT for a Ref.
inline int Visit(const Ref& ref, visitproc visit, void* arg) {
  return ref ? visit(ref.get(), arg) : 0;
}

}  // namespace nasgi::py
