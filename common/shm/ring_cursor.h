// The only accesses to the atomics of a RingHeader. docs/memory-model.md has the proof that the
// orders named here suffice.
//
// Thread safety: any thread of either process; who may call which is written at each function.
// Invariants: tail - head <= capacity; tail is written by the producer only, head by the consumer
// only. The other process is not trusted to keep them: whoever loads a position checks it.

#pragma once

#include <cstdint>

#include "shm/layout.h"

namespace nasgi::shm {

// --- positions ------------------------------------------------------------------------------

// Producer. Pairs with LoadTail: the release part makes the record's bytes visible with it; seq_cst
// because TakeSleeper follows, and the two must not swap.
inline void PublishTail(RingHeader& ring, uint64_t tail) {
  ring.tail.store(tail, std::memory_order_seq_cst);
}

// Consumer. Pairs with PublishTail: the acquire part shows the record's bytes; seq_cst because it
// is the recheck that follows AnnounceSleep.
inline uint64_t LoadTail(const RingHeader& ring) {
  return ring.tail.load(std::memory_order_seq_cst);
}

// Consumer. Pairs with LoadHead: the release part keeps the reads of the record before it; seq_cst
// because TakeWaiter follows.
inline void PublishHead(RingHeader& ring, uint64_t head) {
  ring.head.store(head, std::memory_order_seq_cst);
}

// Producer. Pairs with PublishHead: the acquire part keeps the next write into freed room after
// the reader's last look at it; seq_cst because it is the recheck that follows AnnounceWait.
inline uint64_t LoadHead(const RingHeader& ring) {
  return ring.head.load(std::memory_order_seq_cst);
}

// Producer, once, to start from. Relaxed: reads its own position, which nobody else writes.
inline uint64_t OwnTail(const RingHeader& ring) {
  return ring.tail.load(std::memory_order_relaxed);
}

// Consumer, once, to start from. Relaxed: as OwnTail.
inline uint64_t OwnHead(const RingHeader& ring) {
  return ring.head.load(std::memory_order_relaxed);
}

// --- "the consumer sleeps" ------------------------------------------------------------------

// Consumer. Pairs with TakeSleeper. seq_cst: must come before the recheck by LoadTail.
inline void AnnounceSleep(RingHeader& ring) {
  ring.consumer_sleeps.store(1, std::memory_order_seq_cst);
}

// Consumer. Relaxed: seen late it costs one needless bell, nothing else.
inline void CancelSleep(RingHeader& ring) {
  ring.consumer_sleeps.store(0, std::memory_order_relaxed);
}

// Producer, after PublishTail: true when the consumer must be rung. Pairs with AnnounceSleep.
// seq_cst: must come after PublishTail. Taken by exchange, so that one sleep is rung once.
inline bool TakeSleeper(RingHeader& ring) {
  return ring.consumer_sleeps.load(std::memory_order_seq_cst) != 0 &&
         ring.consumer_sleeps.exchange(0, std::memory_order_seq_cst) != 0;
}

// --- "the producer waits for room" ----------------------------------------------------------

// Producer. Pairs with TakeWaiter. seq_cst: must come before the recheck by LoadHead.
inline void AnnounceWait(RingHeader& ring) {
  ring.producer_waits.store(1, std::memory_order_seq_cst);
}

// Producer. Relaxed: as CancelSleep.
inline void CancelWait(RingHeader& ring) {
  ring.producer_waits.store(0, std::memory_order_relaxed);
}

// Consumer, after PublishHead: true when the producer must be rung. Pairs with AnnounceWait.
// seq_cst: must come after PublishHead. Taken by exchange, as in TakeSleeper.
inline bool TakeWaiter(RingHeader& ring) {
  return ring.producer_waits.load(std::memory_order_seq_cst) != 0 &&
         ring.producer_waits.exchange(0, std::memory_order_seq_cst) != 0;
}

}  // namespace nasgi::shm
