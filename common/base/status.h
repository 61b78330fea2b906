// The error idiom of common/: functions that can fail return a Status, or a Result<T> that holds
// either the value or the Status. Nothing in common/ throws across its border, except that the heap
// may run out.

#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace nasgi::base {

class [[nodiscard]] Status {
 public:
  enum class Code {
    kOk,
    kOs,               // a system call failed: error_number() holds its errno
    kCorrupt,          // the other process broke the format
    kInvalidArgument,  // the caller passed something that it must not pass
    kTooLarge,         // over a limit that is declared next to the function
  };

  Status() = default;

  static Status Ok() { return {}; }
  // `what` names the operation, for example "memfd_create".
  static Status FromErrno(std::string_view what, int error_number);
  static Status Corrupt(std::string message) { return {Code::kCorrupt, std::move(message), 0}; }
  static Status InvalidArgument(std::string message) {
    return {Code::kInvalidArgument, std::move(message), 0};
  }
  static Status TooLarge(std::string message) { return {Code::kTooLarge, std::move(message), 0}; }

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  // Empty when ok.
  const std::string& message() const { return message_; }
  // errno of the failed call when code() is kOs, otherwise 0.
  int error_number() const { return error_number_; }

 private:
  Status(Code code, std::string message, int error_number)
      : code_(code), error_number_(error_number), message_(std::move(message)) {}

  Code code_ = Code::kOk;
  int error_number_ = 0;
  std::string message_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  // `status` must not be ok: a Result without a value has to say why.
  Result(Status status) : status_(std::move(status)) {
    if (status_.ok()) std::abort();
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  // Only when ok(); asking a failure for its value ends the process.
  T& value() & { return Checked(); }
  const T& value() const& { return const_cast<Result*>(this)->Checked(); }
  T&& value() && { return std::move(Checked()); }

 private:
  T& Checked() {
    if (!value_) std::abort();
    return *value_;
  }

  std::optional<T> value_;
  Status status_;
};

}  // namespace nasgi::base
