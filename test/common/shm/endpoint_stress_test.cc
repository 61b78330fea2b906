// Two ends that run at the same time, to find records that are lost, torn or repeated and bells
// that are never rung. Each end blocks only in poll() on its bell, and ten seconds without a bell
// count as a lost wake-up. Races are a matter of chance, so run it often: --gtest_repeat=50.

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <ostream>
#include <thread>

#include "shm/endpoint.h"
#include "shm/ring_reader.h"
#include "shm/ring_writer.h"
#include "support/child_process.h"
#include "support/connection.h"
#include "support/interruptions.h"
#include "support/payload.h"
#include "support/poll.h"
#include "support/random.h"

namespace nasgi::shm {
namespace {

using test::PayloadStream;
using test::Random;

const size_t kPage = static_cast<size_t>(::sysconf(_SC_PAGESIZE));

enum Failure { kFine = 0, kLostWakeUp = 10, kWrongRecord, kSendFailed, kCorruptRing };

struct Echo {
  size_t capacity;
  size_t max_record;
  uint64_t count;
  // Records that the node keeps in flight. Many cause backlogs on both sides; with one, both ends
  // sleep after each.
  uint64_t window;
};

void PrintTo(const Echo& echo, std::ostream* out) {
  *out << echo.count << " records up to " << echo.max_record << " bytes, ring " << echo.capacity
       << ", window " << echo.window;
}

// Shifts the ends against each other, so that every race window is hit sooner or later.
void Dawdle(Random& random) {
  switch (random.Below(32)) {
    case 0:
      ::sched_yield();
      break;
    case 1:
      for (uint64_t i = random.Below(400); i > 0; --i) asm volatile("" ::: "memory");
      break;
    default:
      break;
  }
}

// An event loop with one bell. `idle` runs before each wait, as other callbacks would.
template <class OnRecord>
int Run(Endpoint& endpoint, Random& random, OnRecord&& on_record, const std::function<bool()>& idle,
        const std::function<bool()>& done) {
  for (;;) {
    if (!idle()) return kSendFailed;
    endpoint.RingHeld();
    if (done()) return kFine;
    if (!test::WaitReadable(endpoint.bell_fd())) return kLostWakeUp;
    endpoint.Wake();
    do {
      Endpoint::Drained drained;
      do {
        Dawdle(random);
        drained = endpoint.Drain(1 + random.Below(64), on_record);
        if (drained == Endpoint::Drained::kCorrupt) return kCorruptRing;
      } while (drained == Endpoint::Drained::kMore);
      Dawdle(random);
    } while (!endpoint.Sleep());
  }
}

Bell AnyBell(Random& random) { return random.Below(2) == 0 ? Bell::kHeld : Bell::kAtOnce; }

// Sends the stream, at most a window ahead of the echo, and checks what comes back.
int RunNode(Endpoint& endpoint, const Echo& echo, uint64_t seed) {
  Random random(seed ^ 1);
  const PayloadStream stream(seed, echo.max_record);
  uint64_t sent = 0;
  uint64_t received = 0;
  bool wrong = false;
  const auto on_record = [&](std::span<const std::byte> record) {
    wrong = wrong || !stream.Matches(received++, record);
    return !wrong;
  };
  const auto send = [&] {
    while (sent < echo.count && sent - received < echo.window) {
      const size_t size = stream.SizeOf(sent);
      const auto pack = [&](std::span<std::byte> room) {
        stream.Fill(sent, room.first(size));
        return size;
      };
      if (!endpoint.Send(size, pack, AnyBell(random)).ok()) return false;
      ++sent;
      Dawdle(random);
    }
    return true;
  };
  const int result = Run(endpoint, random, on_record, send, [&] { return received == echo.count; });
  if (result != kFine) {
    std::printf("node: sent %llu received %llu backlog %zu\n",
                static_cast<unsigned long long>(sent), static_cast<unsigned long long>(received),
                endpoint.backlog_bytes());
  }
  return wrong ? kWrongRecord : result;
}

// Checks what it receives and sends it back.
int RunWorker(Endpoint& endpoint, const Echo& echo, uint64_t seed) {
  Random random(seed ^ 2);
  const PayloadStream stream(seed, echo.max_record);
  uint64_t received = 0;
  int failure = kFine;
  const auto on_record = [&](std::span<const std::byte> record) {
    if (!stream.Matches(received++, record)) failure = kWrongRecord;
    const auto pack = [&](std::span<std::byte> room) {
      std::memcpy(room.data(), record.data(), record.size());
      return record.size();
    };
    if (!endpoint.Send(record.size(), pack, AnyBell(random)).ok()) failure = kSendFailed;
    return failure == kFine;
  };
  const int result = Run(
      endpoint, random, on_record, [] { return true; },
      [&] { return received == echo.count && endpoint.backlog_bytes() == 0; });
  if (result != kFine) {
    std::printf("worker: received %llu backlog %zu\n", static_cast<unsigned long long>(received),
                endpoint.backlog_bytes());
  }
  return failure != kFine ? failure : result;
}

class EchoStressTest : public testing::TestWithParam<Echo> {};

INSTANTIATE_TEST_SUITE_P(
    Shapes, EchoStressTest,
    testing::Values(
        // A tiny ring that is nearly always full, so both sides use bells and backlogs constantly.
        Echo{kPage, 200, 40'000, 500},
        // One record at a time, so both ends go to sleep at every step.
        Echo{kPage, 100, 20'000, 1},
        // Two or three at a time, so one end publishes just as the other goes to sleep.
        Echo{kPage, 100, 40'000, 3},
        // Records of half a ring, so one fits and the next waits, in both directions.
        Echo{kPage, MaxRecord(kPage), 20'000, 8},
        // Bodies of the largest chunk, in rings that hold a few of them or less than one.
        Echo{16 * 1024, MaxRecord(16 * 1024), 8'000, 64},
        Echo{64 * 1024, MaxRecord(64 * 1024), 2'000, 64}, Echo{256 * 1024, 64 * 1024, 1'500, 64}));

uint64_t Scaled(uint64_t count) { return count / test::kSlowdown; }

TEST_P(EchoStressTest, TwoProcesses) {
  Echo echo = GetParam();
  echo.count = Scaled(echo.count);
  const uint64_t seed = test::TestSeed();
  const test::Connection connection(echo.capacity);
  const auto node = connection.Open(Side::kNode);
  test::ChildProcess child([&] {
    const test::Interruptions interruptions;
    const auto worker = connection.Attach(Side::kWorker);
    return RunWorker(*worker, echo, seed);
  });
  const test::Interruptions interruptions;
  EXPECT_EQ(RunNode(*node, echo, seed), kFine) << "seed " << seed;
  EXPECT_EQ(child.Wait(), kFine) << "seed " << seed;
}

TEST_P(EchoStressTest, TwoThreads) {
  Echo echo = GetParam();
  echo.count = Scaled(echo.count);
  const uint64_t seed = test::TestSeed();
  const test::Connection connection(echo.capacity);
  int worker_result = -1;
  std::thread thread([&] {
    const auto worker = connection.Open(Side::kWorker);
    worker_result = RunWorker(*worker, echo, seed);
  });
  const auto node = connection.Open(Side::kNode);
  EXPECT_EQ(RunNode(*node, echo, seed), kFine) << "seed " << seed;
  thread.join();
  EXPECT_EQ(worker_result, kFine) << "seed " << seed;
}

// --- one way --------------------------------------------------------------------------------

// Nothing is answered, so only freed room rings the sender, and no other bell makes up for a lost
// one. The sender sends while asleep, as Node does from its other callbacks.
int RunSource(Endpoint& endpoint, const Echo& shape, uint64_t seed) {
  Random random(seed ^ 3);
  const PayloadStream stream(seed, shape.max_record);
  uint64_t sent = 0;
  const auto send = [&] {
    while (sent < shape.count && endpoint.backlog_bytes() < shape.window) {
      const size_t size = stream.SizeOf(sent);
      const auto pack = [&](std::span<std::byte> room) {
        stream.Fill(sent, room.first(size));
        return size;
      };
      if (!endpoint.Send(size, pack).ok()) return false;
      ++sent;
      Dawdle(random);
    }
    return true;
  };
  const int result = Run(
      endpoint, random, [](auto) { return false; }, send,
      [&] { return sent == shape.count && endpoint.backlog_bytes() == 0; });
  if (result != kFine) {
    std::printf("source: sent %llu backlog %zu\n", static_cast<unsigned long long>(sent),
                endpoint.backlog_bytes());
  }
  return result;
}

int RunSink(Endpoint& endpoint, const Echo& shape, uint64_t seed) {
  Random random(seed ^ 4);
  const PayloadStream stream(seed, shape.max_record);
  uint64_t received = 0;
  const auto check = [&](std::span<const std::byte> record) {
    return stream.Matches(received++, record);
  };
  const int result =
      Run(endpoint, random, check, [] { return true; }, [&] { return received == shape.count; });
  if (result != kFine) {
    std::printf("sink: received %llu\n", static_cast<unsigned long long>(received));
  }
  return result;
}

class OneWayStressTest : public testing::TestWithParam<Echo> {};

// The window is in bytes of backlog here; a window of 1 stops at the first record that waits.
INSTANTIATE_TEST_SUITE_P(Shapes, OneWayStressTest,
                         testing::Values(Echo{kPage, MaxRecord(kPage), 60'000, 1},
                                         Echo{kPage, 100, 100'000, 1},
                                         Echo{kPage, MaxRecord(kPage), 40'000, 10'000},
                                         Echo{16 * 1024, MaxRecord(16 * 1024), 20'000, 1}));

TEST_P(OneWayStressTest, TwoProcesses) {
  Echo shape = GetParam();
  shape.count = Scaled(shape.count);
  const uint64_t seed = test::TestSeed();
  const test::Connection connection(shape.capacity);
  const auto node = connection.Open(Side::kNode);
  test::ChildProcess child([&] {
    const test::Interruptions interruptions;
    const auto worker = connection.Attach(Side::kWorker);
    return RunSink(*worker, shape, seed);
  });
  const test::Interruptions interruptions;
  EXPECT_EQ(RunSource(*node, shape, seed), kFine) << "seed " << seed;
  EXPECT_EQ(child.Wait(), kFine) << "seed " << seed;
}

// --- a producer that is killed --------------------------------------------------------------

TEST(ProducerKilledTest, InMidWriteLeavesOnlyWholeRecords) {
  const test::Connection connection(kPage);
  const PayloadStream stream(7, 200);
  const DoorbellPair half_written = Doorbell::CreatePair().value();
  constexpr uint64_t kComplete = 5;
  test::ChildProcess child([&]() -> int {
    // A forked child does not inherit the mappings.
    const Segment segment =
        Segment::Attach(base::UniqueFd(::dup(connection.segment().fd()))).value();
    RingWriter writer(segment.response_ring());
    for (uint64_t i = 0; i < kComplete; ++i) {
      stream.Fill(i, writer.Reserve(stream.SizeOf(i)));
      writer.Commit(stream.SizeOf(i));
    }
    const auto room = writer.Reserve(1000);
    std::memset(room.data(), 0xEE, room.size() / 2);
    half_written.other.Ring();
    for (;;) ::pause();
  });
  ASSERT_TRUE(test::WaitReadable(half_written.one.fd()));
  child.Kill();
  EXPECT_EQ(child.Wait(), -SIGKILL);

  RingReader reader(connection.segment().response_ring());
  for (uint64_t i = 0; i < kComplete; ++i) {
    ASSERT_EQ(reader.Look(), ReadResult::kRecord);
    EXPECT_TRUE(stream.Matches(i, reader.Take()));
  }
  EXPECT_EQ(reader.Look(), ReadResult::kEmpty);
}

TEST(ProducerKilledTest, AtAnyMomentLeavesOnlyWholeRecords) {
  const uint64_t seed = test::TestSeed();
  Random random(seed);
  for (int round = 0; round < 60 / test::kSlowdown + 5; ++round) {
    const test::Connection connection(kPage);
    const PayloadStream stream(seed + static_cast<uint64_t>(round), MaxRecord(kPage));
    const auto node = connection.Open(Side::kNode);
    test::ChildProcess child([&]() -> int {
      const auto worker = connection.Attach(Side::kWorker);
      for (uint64_t i = 0;; ++i) {
        const size_t size = stream.SizeOf(i);
        while (worker->backlog_bytes() > 0) worker->Wake();
        const auto pack = [&](std::span<std::byte> room) {
          stream.Fill(i, room.first(size));
          return size;
        };
        if (!worker->Send(size, pack).ok()) return kSendFailed;
      }
    });
    uint64_t received = 0;
    const auto check = [&](std::span<const std::byte> record) {
      return stream.Matches(received++, record);
    };
    const uint64_t wanted = 1 + random.Below(2000);
    while (received < wanted) {
      ASSERT_TRUE(test::WaitReadable(node->bell_fd())) << "seed " << seed;
      node->Wake();
      do {
        ASSERT_NE(node->Drain(1 + random.Below(20), check), Endpoint::Drained::kCorrupt)
            << "seed " << seed << " record " << received;
      } while (received < wanted && !node->Sleep());
    }
    child.Kill();
    EXPECT_EQ(child.Wait(), -SIGKILL);
    // Everything that it had published by then is complete.
    Endpoint::Drained drained;
    do {
      drained = node->Drain(100, check);
    } while (drained == Endpoint::Drained::kMore);
    EXPECT_EQ(drained, Endpoint::Drained::kEmpty) << "seed " << seed << " record " << received;
  }
}

}  // namespace
}  // namespace nasgi::shm
