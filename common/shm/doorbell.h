#pragma once

#include <utility>

#include "base/status.h"
#include "base/unique_fd.h"

namespace nasgi::shm {

// Wakes another process: an eventfd that one process rings and the other watches with poll, epoll
// or an event loop (level-triggered). It does not count: several rings before a Clear() are one.
//
// Thread safety: any thread of either process may call Ring and Clear.
// Lifetime: owns its descriptor. Each process has one of its own for the same eventfd.
// Cannot report: whether anybody listens. A hostile peer that shares the eventfd can ring it
// needlessly, clear it or make it blocking; the first two cost time, the last can stop us.
class Doorbell {
 public:
  // kOs when the process has no descriptor left.
  static base::Result<Doorbell> Create();
  // `fd` is an eventfd that Create() has made, usually in another process.
  explicit Doorbell(base::UniqueFd fd) : fd_(std::move(fd)) {}

  // Makes fd() readable until Clear().
  void Ring() const;
  // After Clear(), fd() is not readable until the next Ring().
  void Clear() const;

  // Borrowed.
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  base::UniqueFd fd_;
};

}  // namespace nasgi::shm
