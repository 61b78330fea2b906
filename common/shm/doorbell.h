#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "base/status.h"
#include "base/unique_fd.h"

namespace nasgi::shm {

struct DoorbellPair;

// Wakes another process: one end of a pair of connected sockets. Each process has an end, watches
// its fd() with poll, epoll or an event loop (level-triggered), and rings the other's. A bell does
// not count: several rings before a Clear() are one.
//
// No process can make the other one wait. Nothing here blocks, whatever flags a descriptor has:
// each operation asks for that itself (MSG_DONTWAIT). The flags of an end belong to the process
// that has it, and nobody else can read what has been rung to it. An eventfd that both processes
// share is four times as fast, but whoever clears O_NONBLOCK and fills its counter stops the other
// within write(), which has no such flag. docs/memory-model.md has the figures.
//
// Thread safety: any thread may call Ring and Clear.
// Lifetime: owns its descriptor.
// Cannot report: whether anybody listens. A hostile peer can ring needlessly, which costs time, or
// not at all, which its ring shows.
class Doorbell {
 public:
  // kOs when the process has no descriptor left.
  static base::Result<DoorbellPair> CreatePair();
  // `fd` is one of a pair that CreatePair() has made, usually in another process.
  explicit Doorbell(base::UniqueFd fd) : fd_(std::move(fd)) {}

  // Makes the other end's fd() readable until its Clear(), and says when that was.
  void Ring() const;

  struct Cleared {
    // False: the other end is closed in every process, or was shut down. fd() stays readable then.
    bool open;
    // How long ago the first ring since the last Clear() was, if there was one. The other end says
    // so and may lie.
    std::optional<std::chrono::nanoseconds> age;
  };
  // After Clear(), fd() is not readable until the other end rings again.
  [[nodiscard]] Cleared Clear() const;

  // Borrowed.
  [[nodiscard]] int fd() const { return fd_.get(); }
  // The descriptor, to be passed to another process.
  [[nodiscard]] base::UniqueFd Release() && { return std::move(fd_); }

 private:
  base::UniqueFd fd_;
};

struct DoorbellPair {
  Doorbell one;
  Doorbell other;
};

}  // namespace nasgi::shm
