#pragma once

#include <Python.h>

#include <cstdint>
#include <optional>

#include "asgi/names.h"
#include "py/ref.h"

// Reading the messages that an app gives to send().
//
// Thread safety: everything here needs the GIL.
// Failure: null or nothing, with a Python exception set.
namespace nasgi::worker {

// The type of a message, borrowed; null with an exception set if it has none.
[[nodiscard]] PyObject* MessageType(PyObject* message, const Names& names);

// Whether a type is the one of that name.
[[nodiscard]] inline bool Is(PyObject* type, const py::Ref& name) {
  return type == name.get() || PyObject_RichCompareBool(type, name.get(), Py_EQ) == 1;
}

// The value of `key` in a message, borrowed. Null if there is none, if it is None, or with an
// exception set.
[[nodiscard]] inline PyObject* Field(PyObject* message, const py::Ref& key) {
  PyObject* value = PyDict_GetItemWithError(message, key.get());
  return value == Py_None ? nullptr : value;
}

// The truth of a field; false where there is none.
[[nodiscard]] std::optional<bool> Flag(PyObject* message, const py::Ref& key);

// A field that must not be negative; `missing` where there is none.
[[nodiscard]] std::optional<int64_t> Number(PyObject* message, const py::Ref& key, int64_t missing);

}  // namespace nasgi::worker
