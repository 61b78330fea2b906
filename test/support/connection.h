#pragma once

#include <fcntl.h>

#include <cstddef>
#include <memory>

#include "shm/doorbell.h"
#include "shm/endpoint.h"
#include "shm/segment.h"

namespace nasgi::test {

// A segment and its bell. Either end can be created from it, in this process or in a child.
class Connection {
 public:
  explicit Connection(size_t capacity) : Connection(capacity, capacity) {}
  Connection(size_t request_capacity, size_t response_capacity)
      : segment_(shm::Segment::Create({request_capacity, response_capacity}).value()),
        bells_(shm::Doorbell::CreatePair().value()) {}

  // Both ends share one mapping. Threads need that, because ThreadSanitizer cannot see that
  // different addresses are the same memory.
  std::unique_ptr<shm::Endpoint> Open(shm::Side side) const { return Open(side, segment_); }

  // An end with mappings of its own, as another process has it.
  std::unique_ptr<shm::Endpoint> Attach(shm::Side side) const {
    return Open(side, shm::Segment::Attach(Duplicate(segment_.fd())).value());
  }

  const shm::Segment& segment() const { return segment_; }

 private:
  static base::UniqueFd Duplicate(int fd) {
    return base::UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  }

  std::unique_ptr<shm::Endpoint> Open(shm::Side side, shm::Segment segment) const {
    const shm::Doorbell& bell = side == shm::Side::kNode ? bells_.one : bells_.other;
    return std::make_unique<shm::Endpoint>(std::move(segment), side,
                                           shm::Doorbell(Duplicate(bell.fd())));
  }

  const shm::Segment segment_;
  const shm::DoorbellPair bells_;
};

}  // namespace nasgi::test
