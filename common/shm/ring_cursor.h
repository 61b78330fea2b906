// The only code that touches the atomics of a RingHeader. docs/memory-model.md proves that the
// memory orders named here are sufficient.
//
// Thread safety: any thread of either process. Each function says which side may call it.
// Invariants: tail - head <= capacity; only the producer writes tail, only the consumer writes
// head. The other process may break them, so every caller that loads a position checks it.
// Lifetime: the ring must be mapped.
// Failure: none.

#pragma once

#include <cstdint>

#include "shm/layout.h"

namespace nasgi::shm {

// --- positions ------------------------------------------------------------------------------

// Producer. Pairs with LoadTail: the release part makes the record's bytes visible together with
// the position. seq_cst because TakeSleeper follows, and the two must not swap.
inline void PublishTail(RingHeader& ring, uint64_t tail) {
  ring.tail.store(tail, std::memory_order_seq_cst);
}

// Consumer. Pairs with PublishTail: the acquire part makes the record's bytes visible. seq_cst
// because this is the recheck that follows AnnounceSleep.
[[nodiscard]] inline uint64_t LoadTail(const RingHeader& ring) {
  return ring.tail.load(std::memory_order_seq_cst);
}

// Consumer. Pairs with LoadHead: the release part keeps the reads of the record before the store.
// seq_cst because TakeWaiter follows.
inline void PublishHead(RingHeader& ring, uint64_t head) {
  ring.head.store(head, std::memory_order_seq_cst);
}

// Producer. Pairs with PublishHead: the acquire part keeps the next write into the freed room after
// the consumer's last read of it. seq_cst because this is the recheck that follows AnnounceWait.
[[nodiscard]] inline uint64_t LoadHead(const RingHeader& ring) {
  return ring.head.load(std::memory_order_seq_cst);
}

// Producer, once, as its starting position. Relaxed: nobody else writes it.
[[nodiscard]] inline uint64_t OwnTail(const RingHeader& ring) {
  return ring.tail.load(std::memory_order_relaxed);
}

// Consumer, once, as its starting position. Relaxed: nobody else writes it.
[[nodiscard]] inline uint64_t OwnHead(const RingHeader& ring) {
  return ring.head.load(std::memory_order_relaxed);
}

// --- "the consumer sleeps" ------------------------------------------------------------------

// Consumer. Pairs with TakeSleeper. seq_cst because it must come before the recheck by LoadTail.
inline void AnnounceSleep(RingHeader& ring) {
  ring.consumer_sleeps.store(1, std::memory_order_seq_cst);
}

// Consumer. Relaxed: if the producer sees it late, that costs one needless bell.
inline void CancelSleep(RingHeader& ring) {
  ring.consumer_sleeps.store(0, std::memory_order_relaxed);
}

// Producer, after PublishTail. True: the caller must ring the consumer. Pairs with AnnounceSleep.
// seq_cst because it must come after PublishTail. An exchange, so that each sleep is rung once.
[[nodiscard]] inline bool TakeSleeper(RingHeader& ring) {
  return ring.consumer_sleeps.load(std::memory_order_seq_cst) != 0 &&
         ring.consumer_sleeps.exchange(0, std::memory_order_seq_cst) != 0;
}

// --- "the producer waits for room" ----------------------------------------------------------

// Producer. Pairs with TakeWaiter. seq_cst because it must come before the recheck by LoadHead.
inline void AnnounceWait(RingHeader& ring) {
  ring.producer_waits.store(1, std::memory_order_seq_cst);
}

// Producer. Relaxed, as CancelSleep.
inline void CancelWait(RingHeader& ring) {
  ring.producer_waits.store(0, std::memory_order_relaxed);
}

// Consumer, after PublishHead. True: the caller must ring the producer. Pairs with AnnounceWait.
// seq_cst because it must come after PublishHead. An exchange, as in TakeSleeper.
[[nodiscard]] inline bool TakeWaiter(RingHeader& ring) {
  return ring.producer_waits.load(std::memory_order_seq_cst) != 0 &&
         ring.producer_waits.exchange(0, std::memory_order_seq_cst) != 0;
}

}  // namespace nasgi::shm
