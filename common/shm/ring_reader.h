#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shm/layout.h"

namespace nasgi::shm {

enum class ReadResult { kRecord, kEmpty, kCorrupt };

// The consumer's end of a ring, and the only code that reads what the other process has written
// into it.
//
// The rule: shared memory is read ONCE. The other process may change any byte at any time, so a
// byte that is checked in shared memory and then read again has not been checked. Every position
// and length is loaded once and checked against the mapping and the published tail before a byte of
// the record is touched. The payload is copied before anybody looks at it. Callers get the copy and
// have no way to the ring.
//
// Thread safety: one thread at a time, and one RingReader per ring in both processes together.
// Invariants: released_ <= head_ <= tail_ <= released_ + capacity. head_ is never read back from
// shared memory.
//
// Lifetime: the memory must outlive the reader.
// Failure: a ring that the peer has corrupted stays corrupt.
class RingReader {
 public:
  explicit RingReader(RingMemory memory);

  // Whether there is a record. Repeated calls look at the same one until Take().
  [[nodiscard]] ReadResult Look();
  // Copies the record that Look() found and moves past it; requires that it found one. The copy is
  // aligned to kRecordAlign and valid until the next Take(). Even an empty one has an address. Does
  // not free the room yet.
  [[nodiscard]] std::span<const std::byte> Take();
  // Frees the room of everything taken and publishes that to the producer. False: there was none.
  [[nodiscard]] bool Release();

  // For a payload that turns out to be malformed, which is as bad as a malformed length.
  void MarkCorrupt() { corrupt_ = true; }
  // The peer published an impossible position or record. Never becomes false again.
  [[nodiscard]] bool corrupt() const { return corrupt_; }
  // Bytes of the ring that this end has not freed. Looks at the peer's newest tail, and checks no
  // more of it than that the result is possible; Look() notices the rest.
  [[nodiscard]] uint64_t UsedBytes() const;
  // Bytes taken since the last Release().
  [[nodiscard]] uint64_t unreleased() const { return head_ - released_; }

 private:
  [[nodiscard]] ReadResult LoadNext();

  const RingMemory memory_;
  uint64_t head_;
  uint64_t released_;           // the head that was last published
  uint64_t tail_;               // the peer's, as last seen
  uint64_t pending_bytes_ = 0;  // of the record that Look() found, with its header; 0: none
  uint32_t pending_length_ = 0;
  std::vector<std::byte> copy_;  // grows to the longest record so far, at most kMaxRecord
  bool corrupt_ = false;
};

}  // namespace nasgi::shm
