// RingWriter and RingReader at positions that the test sets itself.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "shm/ring_reader.h"
#include "shm/ring_writer.h"
#include "shm/segment.h"
#include "support/payload.h"
#include "support/random.h"

namespace nasgi::shm {
namespace {

const uint64_t kCapacity = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));

class RingTest : public testing::Test {
 protected:
  RingTest()
      : segment_(Segment::Create({.request_capacity = kCapacity, .response_capacity = kCapacity})
                     .value()),
        ring_(segment_.request_ring()) {}

  // Sets both positions, as if that many bytes had gone through the ring.
  void PlaceAt(uint64_t position) {
    ring_.header->tail.store(position);
    ring_.header->head.store(position);
  }

  std::byte* At(uint64_t position) { return ring_.data + (position & (kCapacity - 1)); }

  static bool Write(RingWriter& writer, std::span<const std::byte> payload) {
    const auto room = writer.Reserve(payload.size());
    if (room.data() == nullptr) return false;
    std::copy(payload.begin(), payload.end(), room.begin());
    writer.Commit(payload.size());
    return true;
  }

  static bool Write(RingWriter& writer, size_t size, int fill = 0xAB) {
    return Write(writer, std::vector<std::byte>(size, static_cast<std::byte>(fill)));
  }

  // The next record, or why there is none.
  static ReadResult Next(RingReader& reader, std::span<const std::byte>* record) {
    const ReadResult result = reader.Look();
    if (result == ReadResult::kRecord) *record = reader.Take();
    return result;
  }

  Segment segment_;
  RingMemory ring_;
};

// --- valid records ----------------------------------------------------------------------

class RingAtTest : public RingTest, public testing::WithParamInterface<uint64_t> {};

// The start; a record header in the last word before the end; a payload that crosses the end;
// positions that pass 2^64.
INSTANTIATE_TEST_SUITE_P(Positions, RingAtTest,
                         testing::Values(0, 8, kCapacity - 8, kCapacity - 16, kCapacity - 1024,
                                         5 * kCapacity, 5 * kCapacity - 8, 0 - kCapacity,
                                         uint64_t{0} - 8, uint64_t{0} - 1024));

TEST_P(RingAtTest, EveryLengthComesBackUnchanged) {
  PlaceAt(GetParam());
  RingWriter writer(ring_);
  RingReader reader(ring_);
  const size_t max = writer.max_record();
  std::vector<size_t> lengths(70);
  std::iota(lengths.begin(), lengths.end(), 0);
  for (size_t length = max - 9; length <= max; ++length) lengths.push_back(length);
  std::vector<std::byte> payload;
  uint64_t number = 0;
  const test::PayloadStream stream(GetParam(), max);
  for (const size_t length : lengths) {
    payload.resize(length);
    stream.Fill(number++, payload);
    ASSERT_TRUE(Write(writer, payload)) << length;
    std::span<const std::byte> record;
    ASSERT_EQ(Next(reader, &record), ReadResult::kRecord) << length;
    ASSERT_EQ(std::vector(record.begin(), record.end()), payload);
    ASSERT_EQ(Next(reader, &record), ReadResult::kEmpty);
    EXPECT_TRUE(reader.Release());
  }
}

TEST_P(RingAtTest, FillsToTheLastByteAndNotBeyond) {
  PlaceAt(GetParam());
  RingWriter writer(ring_);
  RingReader reader(ring_);
  const size_t count = kCapacity / RecordBytes(8);
  for (size_t i = 0; i < count; ++i) ASSERT_TRUE(Write(writer, 8, static_cast<int>(i & 0xFF)));
  EXPECT_EQ(ring_.header->tail.load() - ring_.header->head.load(), kCapacity);
  EXPECT_FALSE(Write(writer, 0)) << "even an empty record";

  std::span<const std::byte> record;
  for (size_t i = 0; i < count; ++i) {
    ASSERT_EQ(Next(reader, &record), ReadResult::kRecord);
    ASSERT_EQ(record.size(), 8u);
    ASSERT_EQ(record[7], static_cast<std::byte>(i & 0xFF));
  }
  EXPECT_EQ(Next(reader, &record), ReadResult::kEmpty);
  EXPECT_FALSE(Write(writer, 0)) << "consumed room is not free before Release";
  EXPECT_TRUE(reader.Release());
  EXPECT_FALSE(reader.Release()) << "nothing new to free";
  EXPECT_TRUE(Write(writer, writer.max_record()));
  EXPECT_FALSE(writer.corrupt() || reader.corrupt());
}

TEST_P(RingAtTest, LargestRecordPassesTheEndInOnePiece) {
  PlaceAt(GetParam());
  RingWriter writer(ring_);
  RingReader reader(ring_);
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(Write(writer, writer.max_record(), round));
    ASSERT_TRUE(Write(writer, writer.max_record(), round + 100));
    EXPECT_FALSE(writer.HasRoom(0));
    for (const int fill : {round, round + 100}) {
      std::span<const std::byte> record;
      ASSERT_EQ(Next(reader, &record), ReadResult::kRecord);
      EXPECT_EQ(record.size(), writer.max_record());
      EXPECT_EQ(record.front(), static_cast<std::byte>(fill));
      EXPECT_EQ(record.back(), static_cast<std::byte>(fill));
    }
    EXPECT_TRUE(reader.Release());
  }
}

TEST_F(RingTest, RecordsStartAtMultiplesOfEight) {
  RingWriter writer(ring_);
  RingReader reader(ring_);
  for (size_t length = 1; length <= 17; ++length) ASSERT_TRUE(Write(writer, length));
  for (size_t length = 1; length <= 17; ++length) {
    std::span<const std::byte> record;
    ASSERT_EQ(Next(reader, &record), ReadResult::kRecord);
    EXPECT_EQ(record.size(), length);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(record.data()) % kRecordAlign, 0u);
  }
}

TEST_F(RingTest, NoRecordOverHalfOfTheRing) {
  RingWriter writer(ring_);
  EXPECT_EQ(writer.max_record(), kCapacity / 2 - 8);
  EXPECT_EQ(writer.Reserve(writer.max_record() + 1).data(), nullptr);
  EXPECT_EQ(writer.Reserve(SIZE_MAX).data(), nullptr);
  EXPECT_FALSE(writer.HasRoom(SIZE_MAX));
  EXPECT_EQ(writer.Reserve(writer.max_record()).size(), writer.max_record());
  EXPECT_FALSE(writer.corrupt()) << "it is the caller's mistake, not the peer's";
}

TEST_F(RingTest, CommitMayBeShorterThanTheReservation) {
  RingWriter writer(ring_);
  RingReader reader(ring_);
  ASSERT_NE(writer.Reserve(1000).data(), nullptr);
  writer.Commit(3);
  EXPECT_EQ(ring_.header->tail.load(), RecordBytes(3));
  ASSERT_TRUE(Write(writer, 5));
  std::span<const std::byte> record;
  ASSERT_EQ(Next(reader, &record), ReadResult::kRecord);
  EXPECT_EQ(record.size(), 3u);
  ASSERT_EQ(Next(reader, &record), ReadResult::kRecord);
  EXPECT_EQ(record.size(), 5u);
}

TEST_F(RingTest, TornRecordIsNotSeen) {
  RingWriter writer(ring_);
  RingReader reader(ring_);
  const auto room = writer.Reserve(100);
  std::memset(room.data(), 0x55, 50);  // and then the producer dies
  std::span<const std::byte> record;
  EXPECT_EQ(Next(reader, &record), ReadResult::kEmpty);

  RingWriter successor(ring_);
  ASSERT_TRUE(Write(successor, 7, 0x66));
  ASSERT_EQ(Next(reader, &record), ReadResult::kRecord);
  EXPECT_EQ(record.size(), 7u);
  EXPECT_EQ(record[0], std::byte{0x66});
}

// --- a hostile peer -------------------------------------------------------------------------

TEST_F(RingTest, HostileTailIsCorruptAndStaysSo) {
  const uint64_t start = 3 * kCapacity + 64;
  for (const uint64_t tail : {start + kCapacity + 8, start - 8, start + 1, start + 4, start + 7,
                              start - kCapacity, start + 2 * kCapacity, uint64_t{0}, UINT64_MAX,
                              UINT64_MAX - 7, start + (uint64_t{1} << 63)}) {
    SCOPED_TRACE(tail);
    PlaceAt(start);
    RingReader reader(ring_);
    ring_.header->tail.store(tail);
    std::span<const std::byte> record;
    EXPECT_EQ(Next(reader, &record), ReadResult::kCorrupt);
    EXPECT_EQ(record.data(), nullptr);
    ring_.header->tail.store(start);
    EXPECT_EQ(Next(reader, &record), ReadResult::kCorrupt) << "it stays corrupt";
    EXPECT_TRUE(reader.corrupt());
  }
}

TEST_F(RingTest, TailThatGoesBackIsCorrupt) {
  RingWriter writer(ring_);
  RingReader reader(ring_);
  ASSERT_TRUE(Write(writer, 40));
  std::span<const std::byte> record;
  ASSERT_EQ(Next(reader, &record), ReadResult::kRecord);
  ring_.header->tail.store(8);
  EXPECT_EQ(Next(reader, &record), ReadResult::kCorrupt);
}

TEST_F(RingTest, TailOverRoomThatWasNotReleasedIsCorrupt) {
  RingWriter writer(ring_);
  RingReader reader(ring_);
  ASSERT_TRUE(Write(writer, 40));
  std::span<const std::byte> record;
  ASSERT_EQ(Next(reader, &record), ReadResult::kRecord);
  // Within one capacity of the reader's own position, but beyond what the producer knows to be
  // free.
  ring_.header->tail.store(kCapacity + 16);
  EXPECT_EQ(Next(reader, &record), ReadResult::kCorrupt);
}

TEST_F(RingTest, HostileLengthIsCorruptBeforeAByteIsTouched) {
  const uint64_t available = 256;
  for (const uint64_t start : {uint64_t{0}, kCapacity - 8, uint64_t{0} - 128}) {
    for (const uint64_t word : {uint64_t{available - 7}, available, available + 1,
                                kCapacity / 2 - 7, kCapacity, 2 * kCapacity, uint64_t{0x7FFF'FFFF},
                                uint64_t{0x8000'0000}, uint64_t{0xFFFF'FFF8}, uint64_t{0xFFFF'FFFF},
                                // a valid length, but the reserved half is not zero
                                uint64_t{1} << 32 | 8, uint64_t{1} << 63 | 8, UINT64_MAX}) {
      SCOPED_TRACE(testing::Message() << "start " << start << " word " << word);
      PlaceAt(start);
      RingReader reader(ring_);
      std::memcpy(At(start), &word, sizeof(word));
      ring_.header->tail.store(start + available);
      std::span<const std::byte> record;
      EXPECT_EQ(Next(reader, &record), ReadResult::kCorrupt);
      EXPECT_EQ(record.data(), nullptr);
      EXPECT_EQ(Next(reader, &record), ReadResult::kCorrupt) << "it stays corrupt";
    }
  }
}

TEST_F(RingTest, RecordOverHalfOfTheRingIsCorruptEvenWhenPublished) {
  RingReader reader(ring_);
  const uint64_t length = MaxRecord(kCapacity) + 1;
  std::memcpy(At(0), &length, sizeof(length));
  ring_.header->tail.store(kCapacity);
  std::span<const std::byte> record;
  EXPECT_EQ(Next(reader, &record), ReadResult::kCorrupt);
}

TEST_F(RingTest, LengthIsReadOnce) {
  RingWriter writer(ring_);
  RingReader reader(ring_);
  ASSERT_TRUE(Write(writer, 24));
  ASSERT_TRUE(Write(writer, 5));
  std::span<const std::byte> record;
  ASSERT_EQ(reader.Look(), ReadResult::kRecord);
  const uint64_t hostile = 0xFFFF'FFFF;
  std::memcpy(At(0), &hostile, sizeof(hostile));  // after the check
  ASSERT_EQ(Next(reader, &record), ReadResult::kRecord);
  EXPECT_EQ(record.size(), 24u);
  ASSERT_EQ(Next(reader, &record), ReadResult::kRecord);
  EXPECT_EQ(record.size(), 5u);
}

TEST_F(RingTest, RecordThatWasTakenDoesNotChangeWithTheRing) {
  RingWriter writer(ring_);
  RingReader reader(ring_);
  ASSERT_TRUE(Write(writer, 24, 'x'));
  std::span<const std::byte> record;
  ASSERT_EQ(Next(reader, &record), ReadResult::kRecord);
  std::memset(ring_.data, 'y', kCapacity);
  EXPECT_TRUE(std::ranges::all_of(record, [](std::byte b) { return b == std::byte{'x'}; }));
  const auto start = reinterpret_cast<uintptr_t>(ring_.data);
  const auto copy = reinterpret_cast<uintptr_t>(record.data());
  EXPECT_TRUE(copy + record.size() <= start || copy >= start + 2 * kCapacity);
  EXPECT_EQ(copy % kRecordAlign, 0U);
}

TEST_F(RingTest, RecordOfALargeRingIsLimited) {
  EXPECT_EQ(MaxRecord(kMaxCapacity), kMaxRecord - sizeof(RecordHeader));
  EXPECT_EQ(MaxRecord(2 * kMaxRecord), kMaxRecord - sizeof(RecordHeader));
}

TEST_F(RingTest, HostileHeadIsCorruptAndStaysSo) {
  const uint64_t start = 3 * kCapacity + 64;
  const uint64_t tail = start + kCapacity;  // full, so the next write has to look at head
  for (const uint64_t head : {tail + 8, tail + 1, start - 8, start + 1, start + 4, uint64_t{0},
                              UINT64_MAX, UINT64_MAX - 7, tail + (uint64_t{1} << 63)}) {
    SCOPED_TRACE(head);
    PlaceAt(start);
    RingWriter writer(ring_);
    ASSERT_TRUE(Write(writer, writer.max_record()));
    ASSERT_TRUE(Write(writer, writer.max_record()));
    ASSERT_EQ(ring_.header->tail.load(), tail);
    ring_.header->head.store(head);
    EXPECT_FALSE(Write(writer, 8));
    EXPECT_TRUE(writer.corrupt());
    ring_.header->head.store(tail);
    EXPECT_FALSE(Write(writer, 8)) << "it stays corrupt";
    EXPECT_FALSE(writer.HasRoom(8));
  }
}

TEST_F(RingTest, HeadThatGoesBackIsCorrupt) {
  PlaceAt(64);
  RingWriter writer(ring_);
  EXPECT_TRUE(writer.HasRoom(writer.max_record()));
  ring_.header->head.store(56);
  EXPECT_FALSE(writer.HasRoom(8));
  EXPECT_TRUE(writer.corrupt());
}

TEST_F(RingTest, TheCopyOfAnEmptyRecordHadNoAddress) {
  RingWriter writer(ring_);
  RingReader reader(ring_);
  ASSERT_TRUE(Write(writer, 0));
  ASSERT_EQ(reader.Look(), ReadResult::kRecord);
  const std::span<const std::byte> record = reader.Take();
  EXPECT_NE(record.data(), nullptr);
  EXPECT_EQ(record.size(), 0U);
}

TEST_F(RingTest, WriterStartsOnARingThatIsNotEmpty) {
  PlaceAt(64);
  ring_.header->tail.store(64 + kCapacity - 32);
  RingWriter writer(ring_);
  EXPECT_FALSE(writer.corrupt());
  EXPECT_TRUE(writer.HasRoom(24));
  EXPECT_FALSE(writer.HasRoom(25));
  ring_.header->tail.store(64 + kCapacity + 8);
  EXPECT_TRUE(RingWriter(ring_).corrupt());
}

TEST_F(RingTest, OwnPositionIsNotReadBack) {
  RingWriter writer(ring_);
  RingReader reader(ring_);
  ASSERT_TRUE(Write(writer, 8));
  std::span<const std::byte> record;
  ASSERT_EQ(Next(reader, &record), ReadResult::kRecord);
  ring_.header->head.store(UINT64_MAX);  // the consumer's own
  EXPECT_TRUE(reader.Release());
  EXPECT_EQ(ring_.header->head.load(), RecordBytes(8));
  ring_.header->tail.store(UINT64_MAX);  // the producer's own
  ASSERT_TRUE(Write(writer, 8));
  EXPECT_EQ(ring_.header->tail.load(), 2 * RecordBytes(8));
}

TEST_F(RingTest, MisalignedStartIsCorrupt) {
  PlaceAt(4);
  RingWriter writer(ring_);
  RingReader reader(ring_);
  std::span<const std::byte> record;
  EXPECT_EQ(Next(reader, &record), ReadResult::kCorrupt);
  EXPECT_EQ(writer.Reserve(8).data(), nullptr);
  EXPECT_TRUE(writer.corrupt());
}

TEST_F(RingTest, RandomDamageNeverLeadsOutsideTheMapping) {
  const uint64_t seed = test::TestSeed();
  test::Random random(seed);
  int records = 0;
  for (int round = 0; round < 20'000 / test::kSlowdown; ++round) {
    const uint64_t start = random.Next() & ~uint64_t{7};
    PlaceAt(start);
    RingReader reader(ring_);
    // Small words are often plausible, so that some records are read before a bad one.
    for (uint64_t offset = 0; offset < kCapacity; offset += 8) {
      const uint64_t word = random.Below(4) == 0 ? random.Next() : random.Below(100);
      std::memcpy(ring_.data + offset, &word, sizeof(word));
    }
    ring_.header->tail.store(start + 8 * random.Below(kCapacity / 8 + 4));
    for (;;) {
      std::span<const std::byte> record;
      if (Next(reader, &record) != ReadResult::kRecord) break;
      ASSERT_LE(record.size(), MaxRecord(kCapacity)) << "seed " << seed;
      ++records;
      if (random.Below(4) == 0) {
        EXPECT_TRUE(reader.Release()) << "seed " << seed;
      }
    }
  }
  EXPECT_GT(records, 0);
}

}  // namespace
}  // namespace nasgi::shm
