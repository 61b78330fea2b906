#pragma once

#include <string>

#include "py/ref.h"

namespace nasgi::worker {

// An exception of the app as text that can travel.
struct AppErrorText {
  std::string type;
  std::string message;
  std::string traceback;
};

// Describes `exception` by the Python function `describe(exc) -> (type, message, traceback)`; never
// fails: what cannot be described is named by its type. Parts are cut to the limits of the wire.
[[nodiscard]] AppErrorText DescribeException(const py::Ref& describe, const py::Ref& exception);

// Writes the error by the Python function `write(text)`, for the cases in which no frame can carry
// it any more.
void PrintAppError(const py::Ref& write, const AppErrorText& text, const char* when);

// Whether the class of the exception says that the client is gone: frameworks raise one of their
// own for the OSError that send() raises then (starlette.requests.ClientDisconnect).
[[nodiscard]] bool SaysDisconnect(const AppErrorText& text);

}  // namespace nasgi::worker
