#pragma once

#include <utility>

#include "base/status.h"
#include "base/unique_fd.h"

namespace nasgi::shm {

// An eventfd that one process rings and the other watches with poll, epoll or an event loop
// (level-triggered). It carries no count: several rings before one Clear() are one.
//
// Thread safety: Ring and Clear may be called from any thread of either process.
// Cannot report: whether anybody listens. A hostile peer that shares the eventfd can ring it
// without need, clear it, or make it blocking; the first two cost time, the last can stop us.
class Doorbell {
 public:
  static base::Result<Doorbell> Create();
  // `fd` is an eventfd made by Create(), usually in another process.
  explicit Doorbell(base::UniqueFd fd) : fd_(std::move(fd)) {}

  // Makes fd() readable until Clear().
  void Ring() const;
  // After it, fd() is readable only if somebody rang since.
  void Clear() const;

  // Borrowed.
  int fd() const { return fd_.get(); }

 private:
  base::UniqueFd fd_;
};

}  // namespace nasgi::shm
