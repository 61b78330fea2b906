#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shm/layout.h"

namespace nasgi::shm {

// The producer's end of a ring.
//
// Thread safety: one thread at a time, and one RingWriter per ring over both processes.
// Invariants: head_ <= (the peer's true head) <= tail_ <= head_ + capacity. tail_ is never read
// back from shared memory, and a head that breaks the invariant or goes back is never used.
//
// The memory must outlive the writer.
class RingWriter {
 public:
  explicit RingWriter(RingMemory memory);

  // Room for a payload of `size` bytes, invisible to the reader. data() of the result is null when
  // there is no room right now, when size > max_record(), or when corrupt(). Calling it again
  // forgets the last reservation.
  std::span<std::byte> Reserve(size_t size);
  // Publishes the first `size` bytes of the last reservation as one record.
  // Requires a reservation of at least that size since the last Commit.
  void Commit(size_t size);

  // Whether Reserve(size) would succeed; looks at the peer's newest head.
  bool HasRoom(size_t size);

  size_t max_record() const { return MaxRecord(memory_.capacity); }
  // The peer published a head that cannot be. Stays so.
  bool corrupt() const { return corrupt_; }

 private:
  void RefreshHead();
  uint64_t free_bytes() const { return memory_.capacity - (tail_ - head_); }

  const RingMemory memory_;
  uint64_t tail_;
  uint64_t head_;          // the peer's, as last seen
  uint64_t reserved_ = 0;  // bytes of the reserved record, header included; 0: none
  bool corrupt_ = false;
};

}  // namespace nasgi::shm
