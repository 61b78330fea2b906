#include "asgi/message.h"

namespace nasgi::worker {

PyObject* MessageType(PyObject* message, const Names& names) {
  if (!PyDict_Check(message)) {
    PyErr_Format(PyExc_TypeError, "send() takes a dict with a 'type', got %R", message);
    return nullptr;
  }
  PyObject* type = Field(message, names.type);
  if (type == nullptr) {
    if (PyErr_Occurred() == nullptr) {
      PyErr_Format(PyExc_ValueError, "ASGI message without 'type': %R", message);
    }
    return nullptr;
  }
  return type;
}

std::optional<bool> Flag(PyObject* message, const py::Ref& key) {
  PyObject* value = Field(message, key);
  if (value == nullptr) {
    if (PyErr_Occurred() != nullptr) return std::nullopt;
    return false;
  }
  const int truth = PyObject_IsTrue(value);
  if (truth < 0) return std::nullopt;
  return truth != 0;
}

std::optional<int64_t> Number(PyObject* message, const py::Ref& key, int64_t missing) {
  PyObject* value = Field(message, key);
  if (value == nullptr) {
    if (PyErr_Occurred() != nullptr) return std::nullopt;
    return missing;
  }
  const int64_t number = PyLong_AsLongLong(value);
  if (number < 0 && PyErr_Occurred() == nullptr) {
    PyErr_Format(PyExc_ValueError, "%R must not be negative, got %R", key.get(), value);
  }
  if (PyErr_Occurred() != nullptr) return std::nullopt;
  return number;
}

}  // namespace nasgi::worker
