// The errors of common/: a function that can fail returns a Status, or a Result<T>, which holds
// either the value or the Status. Both types are [[nodiscard]], so such functions need not be.
// Functions of common/ throw nothing but std::bad_alloc.
//
// Thread safety: each object, one thread at a time.
// Lifetime: both own what they hold.
// Failure: asking a failed Result for its value ends the process.

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
    kOs,               // a system call failed; error_number() is its errno
    kCorrupt,          // the other process broke the format
    kInvalidArgument,  // the caller passed an argument that the function does not allow
    kTooLarge,         // a size exceeds the limit declared with the function
  };

  Status() = default;

  static Status Ok() { return {}; }
  // kOs. `what` names the operation, for example "memfd_create"; message() appends the text of the
  // error.
  static Status FromErrno(std::string_view what, int error_number);
  static Status Corrupt(std::string message) { return {Code::kCorrupt, std::move(message), 0}; }
  static Status InvalidArgument(std::string message) {
    return {Code::kInvalidArgument, std::move(message), 0};
  }
  static Status TooLarge(std::string message) { return {Code::kTooLarge, std::move(message), 0}; }

  [[nodiscard]] bool ok() const { return code_ == Code::kOk; }
  [[nodiscard]] Code code() const { return code_; }
  // Empty when ok.
  [[nodiscard]] const std::string& message() const { return message_; }
  // The errno of the failed call when code() is kOs, otherwise 0.
  [[nodiscard]] int error_number() const { return error_number_; }

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
  // `status` must not be ok, because a Result without a value says why. Ends the process if it is.
  Result(Status status) : status_(std::move(status)) {
    if (status_.ok()) std::abort();
  }

  [[nodiscard]] bool ok() const { return value_.has_value(); }
  // Ok when there is a value.
  [[nodiscard]] const Status& status() const { return status_; }

  // Requires ok(). Ends the process otherwise.
  [[nodiscard]] T& value() & { return Checked(); }
  [[nodiscard]] const T& value() const& { return const_cast<Result*>(this)->Checked(); }
  [[nodiscard]] T&& value() && { return std::move(Checked()); }

 private:
  T& Checked() {
    if (!value_) std::abort();
    return *value_;
  }

  std::optional<T> value_;
  Status status_;
};

}  // namespace nasgi::base
