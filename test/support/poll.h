#pragma once

#include <poll.h>

#include <csignal>
#include <ctime>

namespace nasgi::test {

// Waits until `fd` is readable. False: the time is up. These tests use time only to turn an endless
// wait into a failure.
inline bool WaitReadable(int fd, int timeout_ms = 10'000) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  const timespec timeout{.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1'000'000L};
  // Blocks the signal of Interruptions, which would end the wait early.
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGALRM);
  return ::ppoll(&entry, 1, &timeout, &blocked) > 0;
}

inline bool IsReadable(int fd) { return WaitReadable(fd, 0); }

}  // namespace nasgi::test
