#pragma once

#include <cstddef>
#include <memory>

#include "base/status.h"
#include "base/unique_fd.h"
#include "shm/layout.h"

namespace nasgi::shm {

// The memory that one worker shares with Node (layout.h): a sealed memfd and its mappings. A small
// handle: copies share the mappings and the descriptor, which end with the last copy.
//
// Cannot report: the kernel running out of memory for a page that is touched for the first time
// arrives as SIGBUS.
class Segment {
 public:
  struct Options {
    // Bytes. Powers of two, multiples of the page size, at most kMaxCapacity.
    size_t request_capacity = kDefaultCapacity;
    size_t response_capacity = kDefaultCapacity;
  };

  // A new segment, both rings empty. kInvalidArgument names the bad capacity.
  static base::Result<Segment> Create(const Options& options);
  // A segment made by Create() in another process. Trusts nothing before it is checked: type,
  // seals, size, magic, version, capacities. kCorrupt says which one is wrong.
  static base::Result<Segment> Attach(base::UniqueFd fd);

  // The memfd, borrowed: for handing it to the other process.
  int fd() const;
  // Valid as long as a copy of this object lives.
  RingMemory request_ring() const;
  RingMemory response_ring() const;

 private:
  struct Mapping;
  explicit Segment(std::shared_ptr<const Mapping> mapping);
  static base::Result<Segment> MapRings(base::UniqueFd fd, size_t request_capacity,
                                        size_t response_capacity);

  std::shared_ptr<const Mapping> mapping_;
};

}  // namespace nasgi::shm
