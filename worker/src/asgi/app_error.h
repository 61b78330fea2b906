#pragma once

#include <string>

#include "py/ref.h"

// Exceptions of the app as text.
//
// Thread safety: everything here needs the GIL.
// Failure: none. Python errors on the way are dropped, and no exception is set afterwards.
namespace nasgi::worker {

// An exception of the app as text that fits into a frame.
struct AppErrorText {
  std::string type;
  std::string message;
  std::string traceback;
};

// Describes `exception` with the Python function `describe(exc) -> (type, message, traceback)`. An
// exception that it cannot describe is named by its type. Parts that are longer than the wire
// allows are cut.
[[nodiscard]] AppErrorText DescribeException(const py::Ref& describe, const py::Ref& exception);

// Writes the error with the Python function `write(text)`, when no frame can carry it any more.
// `when` completes the line "Exception in ASGI application ...".
void PrintAppError(const py::Ref& write, const AppErrorText& text, const char* when);

// Whether the name of the exception's class says that the client has disconnected: frameworks raise
// one of their own in place of the OSError that send() raises
// (starlette.requests.ClientDisconnect).
[[nodiscard]] bool SaysDisconnect(const AppErrorText& text);

}  // namespace nasgi::worker
