#include "shm/ring_reader.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

#include "shm/ring_cursor.h"

namespace nasgi::shm {
namespace {

// One atomic load, so that the compiler cannot fetch the length again after the check. Relaxed,
// because LoadTail has already acquired the record.
RecordHeader LoadRecordHeader(std::byte* record) {
  std::atomic_ref<uint64_t> word(*reinterpret_cast<uint64_t*>(record));
  return std::bit_cast<RecordHeader>(word.load(std::memory_order_relaxed));
}

}  // namespace

RingReader::RingReader(RingMemory memory)
    : memory_(memory),
      head_(OwnHead(*memory.header)),
      released_(head_),
      tail_(head_),
      copy_(kMinCapacity) {  // the copy of an empty record has an address, too
  if (head_ % kRecordAlign != 0) corrupt_ = true;
}

ReadResult RingReader::LoadNext() {
  if (head_ == tail_) {
    const uint64_t tail = LoadTail(*memory_.header);
    // The tail may only move over free room, and consumed room is not free before Release(). With
    // unsigned distances this is right even when the positions pass 2^64, and a tail that went back
    // is far away.
    if (tail - head_ > memory_.capacity - unreleased() || tail % kRecordAlign != 0) {
      return ReadResult::kCorrupt;
    }
    tail_ = tail;
    if (head_ == tail_) return ReadResult::kEmpty;
  }
  // Both are multiples of 8 and differ, so there is at least a record header.
  const RecordHeader header = LoadRecordHeader(memory_.data + (head_ & (memory_.capacity - 1)));
  if (header.reserved != 0 || header.length > MaxRecord(memory_.capacity) ||
      RecordBytes(header.length) > tail_ - head_) {
    return ReadResult::kCorrupt;
  }
  pending_bytes_ = RecordBytes(header.length);
  pending_length_ = header.length;
  return ReadResult::kRecord;
}

ReadResult RingReader::Look() {
  if (corrupt_) return ReadResult::kCorrupt;
  if (pending_bytes_ != 0) return ReadResult::kRecord;
  const ReadResult result = LoadNext();
  if (result == ReadResult::kCorrupt) corrupt_ = true;
  return result;
}

std::span<const std::byte> RingReader::Take() {
  assert(pending_bytes_ != 0);
  if (copy_.size() < pending_length_) copy_.resize(pending_length_);
  const std::byte* const start = memory_.data + (head_ & (memory_.capacity - 1));
  std::memcpy(copy_.data(), start + sizeof(RecordHeader), pending_length_);
  // Keeps the compiler from reading the ring again where the copy is used.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  head_ += std::exchange(pending_bytes_, 0);
  return {copy_.data(), pending_length_};
}

uint64_t RingReader::UsedBytes() const {
  return std::min(LoadTail(*memory_.header) - released_, memory_.capacity);
}

bool RingReader::Release() {
  if (released_ == head_) return false;
  released_ = head_;
  PublishHead(*memory_.header, head_);
  return true;
}

}  // namespace nasgi::shm
