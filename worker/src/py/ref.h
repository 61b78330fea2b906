#pragma once

#include <Python.h>

#include <utility>

// The one place that counts references to Python objects. Nothing else calls Py_INCREF, Py_DECREF
// or their variants: it owns references through Ref.
//
// Signatures show who owns what: a Ref is owned, a PyObject* is borrowed unless a comment says
// "new reference".
//
// Thread safety: everything here needs the GIL, destructors included.
// Failure: an empty Ref that a function returns means that a Python exception is set, unless the
// comment says otherwise.
namespace nasgi::py {

// An owned reference to a Python object, or nothing.
class Ref {
 public:
  Ref() = default;
  // Takes over a new reference; null makes an empty Ref.
  static Ref Steal(PyObject* object) { return Ref(object); }
  // Adds a reference; null makes an empty Ref.
  static Ref Borrow(PyObject* object) {
    Py_XINCREF(object);
    return Ref(object);
  }
  Ref(const Ref& other) : object_(other.object_) { Py_XINCREF(object_); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  // By value: the old object is released last, when the new one is in place, because its finalizer
  // may run code that reads this Ref.
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() { Py_XDECREF(object_); }

  // Borrowed; null when empty.
  [[nodiscard]] PyObject* get() const { return object_; }
  // New reference: the caller owns it from here on.
  [[nodiscard]] PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  explicit Ref(PyObject* object) : object_(object) {}
  PyObject* object_ = nullptr;
};

// New reference to None.
[[nodiscard]] inline PyObject* NewNone() { return Ref::Borrow(Py_None).release(); }

// Empties `slot`, then releases the reference that it owned, if any.
inline void Drop(PyObject** slot) { const Ref owned = Ref::Steal(std::exchange(*slot, nullptr)); }

// The type of `object`, borrowed.
[[nodiscard]] inline PyObject* TypeOf(PyObject* object) {
  return reinterpret_cast<PyObject*>(Py_TYPE(object));
}

// A type object that a Ref holds, borrowed.
[[nodiscard]] inline PyTypeObject* AsType(const Ref& type) {
  return reinterpret_cast<PyTypeObject*>(type.get());
}

// For tp_traverse: visits what the refs hold, and stops at the first visit that does not return 0.
template <class... Refs>
[[nodiscard]] int Visit(visitproc visit, void* arg, const Refs&... refs) {
  int stop = 0;
  ((refs && (stop = visit(refs.get(), arg)) != 0) || ...);
  return stop;
}

// The exception that is set, normalized and taken; nothing when none is set.
[[nodiscard]] inline Ref TakeException() {
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  if (type == nullptr) return {};
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  Drop(&type);
  Drop(&traceback);
  return Ref::Steal(value);
}

// Sets an exception object as the current error.
inline void SetException(PyObject* exception) { PyErr_SetObject(TypeOf(exception), exception); }

// Hands the exception that is set, if any, to sys.unraisablehook; nothing is set afterwards.
inline void ReportUnraisable(PyObject* where) {
  if (PyErr_Occurred() != nullptr) PyErr_WriteUnraisable(where);
}

}  // namespace nasgi::py
