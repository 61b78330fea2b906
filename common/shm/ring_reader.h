#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shm/layout.h"

namespace nasgi::shm {

enum class ReadResult { kRecord, kEmpty, kCorrupt };

// The consumer's end of a ring.
//
// Thread safety: one thread at a time, and one RingReader per ring in both processes together.
// Invariants: released_ <= head_ <= tail_ <= released_ + capacity. head_ is never read back from
// shared memory. Every position and length is read once and checked against the mapping and the
// published tail before a byte of the record is touched.
//
// Lifetime: the memory must outlive the reader.
// Failure: a ring that the peer has corrupted stays corrupt.
// Cannot report: a hostile peer may change the payload while it is being read. Decode it
// so that no byte is checked and then read again.
class RingReader {
 public:
  explicit RingReader(RingMemory memory);

  // Sets `record` to the next record, or says why there is none. Repeated calls give the same
  // record until Consume(). The bytes are valid until Release().
  [[nodiscard]] ReadResult Peek(std::span<const std::byte>* record);
  // Moves past the record that Peek gave; requires that it gave one. Does not free its room yet.
  void Consume();
  // Frees the room of everything consumed and publishes that to the producer. False: there was
  // none.
  [[nodiscard]] bool Release();

  // For a payload that turns out to be malformed, which is as bad as a malformed length.
  void MarkCorrupt() { corrupt_ = true; }
  // The peer published an impossible position or record. Never becomes false again.
  [[nodiscard]] bool corrupt() const { return corrupt_; }
  // Bytes consumed since the last Release().
  [[nodiscard]] uint64_t unreleased() const { return head_ - released_; }

 private:
  [[nodiscard]] ReadResult LoadNext();

  const RingMemory memory_;
  uint64_t head_;
  uint64_t released_;           // the head that was last published
  uint64_t tail_;               // the peer's, as last seen
  uint64_t pending_bytes_ = 0;  // of the record that Peek gave, with its header; 0: none
  uint32_t pending_length_ = 0;
  bool corrupt_ = false;
};

}  // namespace nasgi::shm
