// The format of a shared segment. Each worker shares one with the Node process. This file has no
// logic; ring_cursor.h has the accesses, ring_writer.h and ring_reader.h the rules.
//
//   offset 0                                            one page (the size of a page at run time)
//   +--------------------------------------------------------------------------------------+
//   |    0  magic | layout_version | header_bytes | request_capacity | response_capacity   |
//   |   64  request ring:   tail              written by Node                              |
//   |  128                  head              written by the worker                        |
//   |  192                  consumer_sleeps   set by the worker, taken by Node             |
//   |  256                  producer_waits    set by Node, taken by the worker             |
//   |  320  response ring:  tail              written by the worker                        |
//   |  384                  head              written by Node                              |
//   |  448                  consumer_sleeps   set by Node, taken by the worker             |
//   |  512                  producer_waits    set by the worker, taken by Node             |
//   |  576  zero                                                                           |
//   +--------------------------------------------------------------------------------------+
//   | request ring data, request_capacity bytes    (each process maps it twice in a row)   |
//   +--------------------------------------------------------------------------------------+
//   | response ring data, response_capacity bytes  (likewise)                              |
//   +--------------------------------------------------------------------------------------+
//
//   a record, at a multiple of 8 from the start of the data:
//   +-----------------+------------------+---------------------------+----------------------+
//   | length (uint32) | reserved, 0 (u32)| payload, `length` bytes   | padding up to 8      |
//   +-----------------+------------------+---------------------------+----------------------+
//
// Positions (tail, head) count bytes since the segment was created; they only grow (modulo 2^64)
// and are multiples of 8. Position p is at data[p & (capacity - 1)]. Integers are in the machine's
// own byte order, because both ends run on the same machine. Pointers are never stored here.
//
// Do not change a value, an offset or a meaning in this file without raising kLayoutVersion. That
// includes moving, adding or removing a field, and changing the record header or the rules for the
// flags.
//
// A new segment is zero but for the first line and the two consumer_sleeps, which are 1.
//
// Thread safety: the atomics, any thread of either process (ring_cursor.h). Segment::Create writes
// the rest once, before the other process has the descriptor.
// Lifetime: addresses are valid as long as the Segment that gave them.
// Failure: none.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nasgi::shm {

inline constexpr uint64_t kMagic = 0x314d'4853'4753'414e;  // "NASGSHM1", do not change
inline constexpr uint32_t kLayoutVersion = 2;
inline constexpr size_t kCacheLine = 64;  // do not change

inline constexpr size_t kRecordAlign = 8;  // do not change
// Limits of a ring's capacity in bytes, which is a power of two and a multiple of the page size.
inline constexpr uint64_t kMinCapacity = 4096;
inline constexpr uint64_t kMaxCapacity = uint64_t{1} << 30;
inline constexpr uint64_t kDefaultCapacity = uint64_t{1} << 20;

struct RecordHeader {
  uint32_t length;    // of the payload, without padding
  uint32_t reserved;  // 0
};

// Each field has a cache line of its own, because one process writes it while the other polls
// another field.
struct RingHeader {
  alignas(kCacheLine) std::atomic<uint64_t> tail;             // the producer's position
  alignas(kCacheLine) std::atomic<uint64_t> head;             // the consumer's position
  alignas(kCacheLine) std::atomic<uint32_t> consumer_sleeps;  // 1: ring it when a record comes
  alignas(kCacheLine) std::atomic<uint32_t> producer_waits;   // 1: ring it when room is freed
};

struct SegmentHeader {
  uint64_t magic;
  uint32_t layout_version;
  uint32_t header_bytes;  // where the data begins, which is the page size
  uint64_t request_capacity;
  uint64_t response_capacity;
  RingHeader request;
  RingHeader response;
};

// The addresses of a ring in this process.
struct RingMemory {
  RingHeader* header = nullptr;
  std::byte* data = nullptr;  // mapped twice: 2 * capacity bytes
  uint64_t capacity = 0;
};

// Bytes that a record with `length` bytes of payload takes in the ring.
[[nodiscard]] constexpr uint64_t RecordBytes(uint64_t length) {
  return sizeof(RecordHeader) + ((length + kRecordAlign - 1) & ~uint64_t{kRecordAlign - 1});
}

// The largest payload. A record takes at most half of the ring, so that the next one can be written
// while it is being read, and at most kMaxRecord, so that a reader's copy of it stays small.
inline constexpr uint64_t kMaxRecord = uint64_t{1} << 20;
[[nodiscard]] constexpr uint64_t MaxRecord(uint64_t capacity) {
  return (capacity / 2 < kMaxRecord ? capacity / 2 : kMaxRecord) - sizeof(RecordHeader);
}

static_assert(std::atomic<uint64_t>::is_always_lock_free);
static_assert(std::atomic<uint32_t>::is_always_lock_free);
static_assert(sizeof(std::atomic<uint64_t>) == 8 && sizeof(std::atomic<uint32_t>) == 4);
static_assert(sizeof(RecordHeader) == 8 && sizeof(RecordHeader) % kRecordAlign == 0);
static_assert(offsetof(RingHeader, tail) == 0);
static_assert(offsetof(RingHeader, head) == 64);
static_assert(offsetof(RingHeader, consumer_sleeps) == 128);
static_assert(offsetof(RingHeader, producer_waits) == 192);
static_assert(sizeof(RingHeader) == 256 && alignof(RingHeader) == kCacheLine);
static_assert(offsetof(SegmentHeader, layout_version) == 8);
static_assert(offsetof(SegmentHeader, header_bytes) == 12);
static_assert(offsetof(SegmentHeader, request_capacity) == 16);
static_assert(offsetof(SegmentHeader, response_capacity) == 24);
static_assert(offsetof(SegmentHeader, request) == 64);
static_assert(offsetof(SegmentHeader, response) == 320);
static_assert(sizeof(SegmentHeader) == 576);

}  // namespace nasgi::shm
