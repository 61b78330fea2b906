#pragma once

#include <poll.h>

#include <cerrno>

namespace nasgi::test {

// Waits until fd is readable. False: the time is up; the only use of time in these tests is to turn
// an endless wait into a failure.
inline bool WaitReadable(int fd, int timeout_ms = 10'000) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&entry, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

inline bool IsReadable(int fd) { return WaitReadable(fd, 0); }

}  // namespace nasgi::test
