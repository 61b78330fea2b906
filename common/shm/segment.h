#pragma once

#include <cstddef>
#include <memory>

#include "base/status.h"
#include "base/unique_fd.h"
#include "shm/layout.h"

namespace nasgi::shm {

// The memory that one worker shares with Node (layout.h): a memory file and its mappings.
//
// Thread safety: copies may be used by several threads. The rings have rules of their own.
// Lifetime: a small handle. Copies share the mappings and the descriptor, which the last copy
// frees. A child process that is forked later does not inherit the mappings.
// Failure: kOs when the kernel refuses memory or a descriptor.
// Cannot report: if the kernel has no memory for a page that is touched for the first time, the
// process gets SIGBUS.
class Segment {
 public:
  struct Options {
    // In bytes: powers of two and multiples of the page size, at most kMaxCapacity.
    size_t request_capacity = kDefaultCapacity;
    size_t response_capacity = kDefaultCapacity;
  };

  // A new segment with two empty rings. kInvalidArgument names a bad capacity.
  static base::Result<Segment> Create(const Options& options);
  // A segment that Create() has made in another process. Checks its kind, size, magic number,
  // version and capacities before it trusts them. kCorrupt says which of them is wrong.
  static base::Result<Segment> Attach(base::UniqueFd fd);

  // The memory file, to be sent to the other process; borrowed.
  [[nodiscard]] int fd() const;
  // Valid as long as a copy of this object lives.
  [[nodiscard]] RingMemory request_ring() const;
  [[nodiscard]] RingMemory response_ring() const;

 private:
  struct Mapping;
  explicit Segment(std::shared_ptr<const Mapping> mapping);
  static base::Result<Segment> MapRings(base::UniqueFd fd, size_t request_capacity,
                                        size_t response_capacity);

  std::shared_ptr<const Mapping> mapping_;
};

}  // namespace nasgi::shm
