#include "support/payload.h"

#include <algorithm>
#include <cstring>

#include "support/random.h"

namespace nasgi::test {
namespace {

uint64_t StartOf(uint64_t seed, uint64_t number) {
  return Random(seed ^ (number * 0x2545'f491'4f6c'dd1d)).Next();
}

uint64_t WordAt(uint64_t start, size_t offset) { return (start + offset) * 0x9e37'79b9'7f4a'7c15; }

}  // namespace

size_t PayloadStream::SizeOf(uint64_t number) const {
  Random random(~seed_ ^ (number * 0x2545'f491'4f6c'dd1d));
  switch (random.Below(8)) {
    case 0:
      return 0;
    case 1:
    case 2:
      return max_size_;
    case 3:
      return random.Below(max_size_ + 1);
    default:
      return random.Below(std::min<size_t>(max_size_, 64) + 1);
  }
}

void PayloadStream::Fill(uint64_t number, std::span<std::byte> room) const {
  const uint64_t start = StartOf(seed_, number);
  for (size_t offset = 0; offset < room.size(); offset += sizeof(uint64_t)) {
    const uint64_t word = WordAt(start, offset);
    std::memcpy(room.data() + offset, &word, std::min(sizeof(word), room.size() - offset));
  }
}

bool PayloadStream::Matches(uint64_t number, std::span<const std::byte> record) const {
  if (record.size() != SizeOf(number)) return false;
  const uint64_t start = StartOf(seed_, number);
  for (size_t offset = 0; offset < record.size(); offset += sizeof(uint64_t)) {
    const uint64_t word = WordAt(start, offset);
    const size_t bytes = std::min(sizeof(word), record.size() - offset);
    if (std::memcmp(record.data() + offset, &word, bytes) != 0) return false;
  }
  return true;
}

}  // namespace nasgi::test
