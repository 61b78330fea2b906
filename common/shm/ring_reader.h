#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shm/layout.h"

namespace nasgi::shm {

enum class ReadResult { kRecord, kEmpty, kCorrupt };

// The consumer's end of a ring.
//
// Thread safety: one thread at a time, and one RingReader per ring over both processes.
// Invariants: released_ <= head_ <= tail_ <= released_ + capacity. head_ is never read back from
// shared memory. Every position and length is checked against the mapping and the published tail
// before a byte of the record is touched, and is read once: what was checked is what is used.
//
// The memory must outlive the reader.
// Cannot report: a hostile peer may change the payload while it is being read. Decode it so that no
// byte is trusted twice.
class RingReader {
 public:
  explicit RingReader(RingMemory memory);

  // The next record, or why there is none. Repeated calls give the same record until Consume().
  // The bytes are valid until Release().
  ReadResult Peek(std::span<const std::byte>* record);
  // Moves past the record that Peek gave. Requires that it gave one. Does not free its room yet.
  void Consume();
  // Frees the room of everything consumed, for the producer to see. Returns whether there was any.
  bool Release();

  // For a payload that turns out malformed: the peer is as broken as with a bad length.
  void MarkCorrupt() { corrupt_ = true; }
  // The peer published a position or a record that cannot be. Stays so.
  bool corrupt() const { return corrupt_; }
  // Bytes consumed since the last Release().
  uint64_t unreleased() const { return head_ - released_; }

 private:
  ReadResult LoadNext();

  const RingMemory memory_;
  uint64_t head_;
  uint64_t released_;           // the head that the producer knows
  uint64_t tail_;               // the peer's, as last seen
  uint64_t pending_bytes_ = 0;  // of the record that Peek gave, header included; 0: none
  uint32_t pending_length_ = 0;
  bool corrupt_ = false;
};

}  // namespace nasgi::shm
