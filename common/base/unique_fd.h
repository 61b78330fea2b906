#pragma once

#include <unistd.h>

#include <utility>

namespace nasgi::base {

// Owner of a file descriptor: closes it when it goes out of scope. Move only.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { reset(); }

  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }

  bool valid() const { return fd_ >= 0; }
  // Borrowed: still owned by this object. -1 when not valid().
  int get() const { return fd_; }
  // The caller owns the descriptor from here on.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    const int old = std::exchange(fd_, fd);
    // Not repeated on EINTR: Linux has closed the descriptor by then, and another thread may have
    // the number already.
    if (old >= 0) ::close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace nasgi::base
