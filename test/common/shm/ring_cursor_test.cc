// The store-load race of docs/memory-model.md in its smallest form. Two threads leave a barrier
// together; each writes its own variable and reads the other's. At least one must notice the other.
// With any order weaker than seq_cst they sometimes miss each other, even on x86.

#include "shm/ring_cursor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "support/random.h"

namespace nasgi::shm {
namespace {

constexpr uint64_t kRounds = 500'000 / test::kSlowdown;

// Both threads meet here at the start and at the end of each round.
class Barrier {
 public:
  void Wait() {
    const int round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) == 1) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins) {
      if (spins > 2000) std::this_thread::yield();  // there may be only one processor
    }
  }

 private:
  alignas(kCacheLine) std::atomic<int> arrived_{0};
  alignas(kCacheLine) std::atomic<int> round_{0};
};

// A few nanoseconds, different in each round, to make up for the lead of the thread that leaves the
// barrier first.
void Delay(uint64_t steps) {
  for (; steps > 0; --steps) asm volatile("" ::: "memory");
}

// Loads the cache line of the next read, so that the read happens as early as possible.
template <class T>
void Prefetch(const std::atomic<T>& value) {
  (void)value.load(std::memory_order_relaxed);
}

// Runs both sides kRounds times and counts the rounds in which neither noticed the other.
template <class Publisher, class Sleeper, class Cancel>
uint64_t CountMissed(Publisher publish_and_take, Sleeper announce_and_recheck, Cancel cancel) {
  Barrier barrier;
  uint64_t missed = 0;
  bool rang = false;
  std::thread thread([&] {
    for (uint64_t round = 1; round <= kRounds; ++round) {
      barrier.Wait();
      rang = publish_and_take(round);
      barrier.Wait();
    }
  });
  for (uint64_t round = 1; round <= kRounds; ++round) {
    barrier.Wait();
    const bool saw_work = announce_and_recheck(round);
    barrier.Wait();
    if (!rang && !saw_work) ++missed;
    cancel();  // so that the next round cannot take this announcement
  }
  thread.join();
  return missed;
}

TEST(RingCursorTest, RecordIsNotPublishedPastAConsumerThatGoesToSleep) {
  const auto ring = std::make_unique<RingHeader>();
  EXPECT_EQ(CountMissed(
                [&](uint64_t round) {
                  Prefetch(ring->consumer_sleeps);
                  Delay(round % 1021);
                  PublishTail(*ring, round);
                  return TakeSleeper(*ring);
                },
                [&](uint64_t round) {
                  Prefetch(ring->tail);
                  Delay(round % 509);
                  AnnounceSleep(*ring);
                  return LoadTail(*ring) == round;
                },
                [&] { CancelSleep(*ring); }),
            0u);
}

TEST(RingCursorTest, RoomIsNotFreedPastAProducerThatWaits) {
  const auto ring = std::make_unique<RingHeader>();
  EXPECT_EQ(CountMissed(
                [&](uint64_t round) {
                  Prefetch(ring->producer_waits);
                  Delay(round % 1021);
                  PublishHead(*ring, round);
                  return TakeWaiter(*ring);
                },
                [&](uint64_t round) {
                  Prefetch(ring->head);
                  Delay(round % 509);
                  AnnounceWait(*ring);
                  return LoadHead(*ring) == round;
                },
                [&] { CancelWait(*ring); }),
            0u);
}

}  // namespace
}  // namespace nasgi::shm
