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

// Writes the error to sys.stderr, for the cases in which no frame can carry it any more.
void PrintAppError(const AppErrorText& text, const char* when);

// The start of `text` that is `limit` bytes or less and does not end within a UTF-8 character.
[[nodiscard]] std::string_view CutUtf8(std::string_view text, size_t limit);

}  // namespace nasgi::worker
