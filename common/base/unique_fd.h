#pragma once

#include <unistd.h>

#include <utility>

namespace nasgi::base {

// The owner of a file descriptor, which it closes when it goes out of scope. Move only.
//
// Thread safety: one thread at a time.
// Cannot report: an error of close(), after which the descriptor is closed all the same.
class UniqueFd {
 public:
  UniqueFd() = default;
  // Takes over `fd`. A negative one, as a failed system call returns it, leaves this not valid().
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { reset(); }

  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }

  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  // Borrowed: this object still owns it. Negative when not valid().
  [[nodiscard]] int get() const { return fd_; }
  // The descriptor, which the caller owns from now on.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  // Closes the descriptor, if any, and takes over `fd`.
  void reset(int fd = -1) {
    const int old = std::exchange(fd_, fd);
    // Not repeated on EINTR: Linux has closed the descriptor by then, and another thread may
    // already have the same number.
    if (old >= 0) ::close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace nasgi::base
