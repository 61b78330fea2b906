#pragma once

#include <Python.h>

#include <string_view>

#include "py/ref.h"

// bytes and str to and from the text of C++.
//
// Thread safety: everything here needs the GIL.
// Failure: an empty Ref, with the exception set that each function names (MemoryError always).
namespace nasgi::py {

// A bytes object.
[[nodiscard]] inline Ref Bytes(std::string_view text) {
  return Ref::Steal(PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
}

// A str, one character a byte.
[[nodiscard]] inline Ref Latin1(std::string_view text) {
  return Ref::Steal(
      PyUnicode_DecodeLatin1(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr));
}

// A str. `errors` as in bytes.decode(): "replace" never fails; null is strict, and sets
// UnicodeDecodeError.
[[nodiscard]] inline Ref Utf8(std::string_view text, const char* errors) {
  return Ref::Steal(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), errors));
}

// The bytes of a bytes object, valid while it lives.
[[nodiscard]] std::string_view View(const Ref& bytes);

// The object as bytes, copied only where it is another kind (bytearray, memoryview). Otherwise
// TypeError, which calls it `what`.
[[nodiscard]] Ref AsBytes(PyObject* object, const char* what);

}  // namespace nasgi::py
