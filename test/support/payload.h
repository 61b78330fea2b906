#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nasgi::test {

// A stream of records of which both ends know every byte: size and content follow from the seed and
// the record's number, so loss, repetition, reordering and torn bytes all show.
class PayloadStream {
 public:
  PayloadStream(uint64_t seed, size_t max_size) : seed_(seed), max_size_(max_size) {}

  // Sizes mix empty, small, largest and anything between.
  size_t SizeOf(uint64_t number) const;
  // Fills the whole of `room`, whose size is SizeOf(number) or less.
  void Fill(uint64_t number, std::span<std::byte> room) const;
  bool Matches(uint64_t number, std::span<const std::byte> record) const;

 private:
  const uint64_t seed_;
  const size_t max_size_;
};

}  // namespace nasgi::test
