#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nasgi::test {

// A stream of records whose bytes both ends know. Size and content follow from the seed and the
// number of the record, so lost, repeated, reordered and torn records are all noticed.
class PayloadStream {
 public:
  PayloadStream(uint64_t seed, size_t max_size) : seed_(seed), max_size_(max_size) {}

  // A mix of empty, small, largest and other sizes.
  size_t SizeOf(uint64_t number) const;
  // Fills all of `room`, whose size is at most SizeOf(number).
  void Fill(uint64_t number, std::span<std::byte> room) const;
  bool Matches(uint64_t number, std::span<const std::byte> record) const;

 private:
  const uint64_t seed_;
  const size_t max_size_;
};

}  // namespace nasgi::test
