#include "asgi/app_error.h"

#include "py/text.h"
#include "wire/protocol.h"
#include "wire/utf8.h"

namespace nasgi::worker {

using py::Ref;

namespace {

std::string Utf8(PyObject* text, size_t limit) {
  // A str may hold lone surrogates, which UTF-8 cannot.
  const Ref bytes = Ref::Steal(PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace"));
  if (!bytes) return {};
  return std::string(wire::CutUtf8(py::View(bytes), limit));
}

}  // namespace

AppErrorText DescribeException(const Ref& describe, const Ref& exception) {
  AppErrorText text;
  const Ref parts =
      Ref::Steal(PyObject_CallFunctionObjArgs(describe.get(), exception.get(), nullptr));
  if (parts && PyTuple_Check(parts.get()) && PyTuple_Size(parts.get()) == 3) {
    text.type = Utf8(PyTuple_GetItem(parts.get(), 0), wire::kMaxErrorType);
    text.message = Utf8(PyTuple_GetItem(parts.get(), 1), wire::kMaxErrorMessage);
    text.traceback = Utf8(PyTuple_GetItem(parts.get(), 2), wire::kMaxTraceback);
  }
  PyErr_Clear();
  if (text.type.empty()) {
    const Ref name = Ref::Steal(PyObject_GetAttrString(py::TypeOf(exception.get()), "__name__"));
    text.type = name ? Utf8(name.get(), wire::kMaxErrorType) : "Exception";
    text.message = "(the exception could not be described)";
    PyErr_Clear();
  }
  return text;
}

bool SaysDisconnect(const AppErrorText& text) {
  return text.type.find("Disconnect") != std::string::npos;
}

void PrintAppError(const Ref& write, const AppErrorText& text, const char* when) {
  const std::string line =
      std::string("Exception in ASGI application ") + when + "\n" +
      (text.traceback.empty() ? text.type + ": " + text.message + "\n" : text.traceback);
  const Ref message = py::Utf8(line, "replace");
  const Ref written =
      message ? Ref::Steal(PyObject_CallFunctionObjArgs(write.get(), message.get(), nullptr))
              : Ref();
  if (!written) PyErr_Clear();
}

}  // namespace nasgi::worker
