#include "base/status.h"

#include <system_error>

namespace nasgi::base {

Status Status::FromErrno(std::string_view what, int error_number) {
  // Not strerror(), which is not thread safe.
  std::string message(what);
  message += ": ";
  message += std::generic_category().message(error_number);
  return {Code::kOs, std::move(message), error_number};
}

}  // namespace nasgi::base
