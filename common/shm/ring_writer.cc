#include "shm/ring_writer.h"

#include <cassert>
#include <cstring>

#include "shm/ring_cursor.h"

namespace nasgi::shm {

RingWriter::RingWriter(RingMemory memory)
    : memory_(memory),
      tail_(OwnTail(*memory.header)),
      head_(tail_ - memory.capacity) {  // the smallest possible
  RefreshHead();
  if (tail_ % kRecordAlign != 0) corrupt_ = true;
}

void RingWriter::RefreshHead() {
  const uint64_t head = LoadHead(*memory_.header);
  // The head may only move from where it was towards tail. With unsigned distances this is right
  // even when the positions pass 2^64, and a head beyond tail is very far away.
  if (tail_ - head > tail_ - head_ || head % kRecordAlign != 0) {
    corrupt_ = true;
  } else {
    head_ = head;
  }
}

bool RingWriter::HasRoom(size_t size) {
  if (corrupt_ || size > max_record()) return false;
  RefreshHead();
  return !corrupt_ && free_bytes() >= RecordBytes(size);
}

uint64_t RingWriter::UsedBytes() {
  if (!corrupt_) RefreshHead();
  return tail_ - head_;
}

std::span<std::byte> RingWriter::Reserve(size_t size) {
  reserved_ = 0;
  if (corrupt_ || size > max_record()) return {};
  const uint64_t bytes = RecordBytes(size);
  if (free_bytes() < bytes && !HasRoom(size)) return {};
  reserved_ = bytes;
  std::byte* const record = memory_.data + (tail_ & (memory_.capacity - 1));
  return {record + sizeof(RecordHeader), size};
}

void RingWriter::Commit(size_t size) {
  const uint64_t bytes = RecordBytes(size);
  assert(bytes <= reserved_);
  const RecordHeader header{.length = static_cast<uint32_t>(size), .reserved = 0};
  std::memcpy(memory_.data + (tail_ & (memory_.capacity - 1)), &header, sizeof(header));
  tail_ += bytes;
  reserved_ = 0;
  PublishTail(*memory_.header, tail_);
}

}  // namespace nasgi::shm
