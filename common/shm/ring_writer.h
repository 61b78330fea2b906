#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shm/layout.h"

namespace nasgi::shm {

// The producer's end of a ring.
//
// Thread safety: one thread at a time, and one RingWriter per ring in both processes together.
// Invariants: head_ <= (the peer's true head) <= tail_ <= head_ + capacity. tail_ is never read
// back from shared memory, and a head that breaks the invariant or goes back is never used.
//
// Lifetime: the memory must outlive the writer.
// Failure: a ring that the peer has corrupted stays corrupt and takes no more records.
class RingWriter {
 public:
  explicit RingWriter(RingMemory memory);

  // Room for a payload of `size` bytes, not yet visible to the reader. data() of the result is null
  // when there is no room right now, when size > max_record(), or when corrupt(). Another call
  // drops the reservation.
  [[nodiscard]] std::span<std::byte> Reserve(size_t size);
  // Publishes the first `size` bytes of the last reservation as one record.
  // Requires a reservation of at least that size since the last Commit.
  void Commit(size_t size);

  // Whether Reserve(size) would succeed. Looks at the peer's newest head.
  [[nodiscard]] bool HasRoom(size_t size);

  // Bytes of the ring that the reader has not freed. Looks at the peer's newest head.
  [[nodiscard]] uint64_t UsedBytes();

  // The largest payload, in bytes.
  [[nodiscard]] size_t max_record() const { return MaxRecord(memory_.capacity); }
  // The peer published an impossible head. Never becomes false again.
  [[nodiscard]] bool corrupt() const { return corrupt_; }

 private:
  void RefreshHead();
  [[nodiscard]] uint64_t free_bytes() const { return memory_.capacity - (tail_ - head_); }

  const RingMemory memory_;
  uint64_t tail_;
  uint64_t head_;          // the peer's, as last seen
  uint64_t reserved_ = 0;  // bytes of the reserved record, with its header; 0: none
  bool corrupt_ = false;
};

}  // namespace nasgi::shm
