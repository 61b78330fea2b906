#pragma once

#include <Python.h>

#include <new>
#include <utility>

#include "py/ref.h"

namespace nasgi::py {

// A Python object that holds a C++ value: one allocation, tracked by the garbage collector. T has
//   int Traverse(visitproc, void*)  and  void Clear()
// for the Python references in it.
//
// Thread safety: needs the GIL.
// Lifetime: the value is destroyed with the object. Whoever runs Python code from a method of the
// value keeps a Ref to the object meanwhile: the code may drop the last other one.
// Failure: only New can fail. T's constructor must not throw.
template <class T>
struct Box {
  PyObject_HEAD T value;

  // `self` must be an object that New made.
  static T& Of(PyObject* self) { return reinterpret_cast<Box*>(self)->value; }

  // New reference, or null with MemoryError set. `type` is a heap type whose slots are Dealloc,
  // Traverse and Clear of this class.
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
    // An object of a heap type owns a reference to its type.
    const Ref type = Ref::Steal(TypeOf(self));
    PyObject_GC_UnTrack(self);
    Of(self).~T();
    PyObject_GC_Del(self);
  }
  static int Traverse(PyObject* self, visitproc visit, void* arg) {
    if (const int stop = visit(TypeOf(self), arg); stop != 0) return stop;
    return Of(self).Traverse(visit, arg);
  }
  static int Clear(PyObject* self) {
    Of(self).Clear();
    return 0;
  }
};

}  // namespace nasgi::py
