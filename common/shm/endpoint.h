#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <utility>

#include "base/status.h"
#include "shm/doorbell.h"
#include "shm/ring_reader.h"
#include "shm/ring_writer.h"
#include "shm/segment.h"

namespace nasgi::shm {

enum class Side { kNode, kWorker };
enum class Bell { kAtOnce, kHeld };

// One process' end of a segment: sends records on one ring, receives on the other, and holds all
// the logic of sleeping and waking. Both processes use it alike. docs/memory-model.md explains why
// no wake-up is lost.
//
// How to use it, with bell_fd() watched (level-triggered) for reading:
//   on readable:  Wake(); Drain(n, ...) until it no longer returns kMore (or come back later by
//                 yourself: nobody rings while we are awake); then Sleep(), and if that returns
//                 false start again from Drain().
//   at any time:  Send().
// An Endpoint is born asleep, its bell ringing already if records wait in the ring, so watching
// bell_fd() from then on is enough. Drain() may also be called while asleep, for polling.
//
// Thread safety: one thread at a time. The other end is another process, or another thread with an
// Endpoint of its own.
// Invariants, whenever control is outside and we are asleep:
//   1. a record is in the receiving ring  => our bell rings or is about to be rung by the peer;
//   2. the backlog's first record has room => likewise;
//   3. every record consumed has been released, and every bell owed to the peer has been rung.
// Awake, 1 and 2 are the caller's: it calls Sleep() before it waits.
class Endpoint {
 public:
  // `own` is the bell that we watch, `peer` the one that the other process watches.
  Endpoint(Segment segment, Side side, Doorbell own, Doorbell peer);

  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // Borrowed.
  int bell_fd() const { return own_.fd(); }

  // Sends one record and never blocks. `pack` is called exactly once, with room for at least
  // `bound` bytes, and returns how many it wrote; it must neither throw nor call this object.
  // What does not fit now waits in private memory, in order, until the peer has made room; how much
  // that can become is for the caller to bound (backlog_bytes).
  // Errors, nothing sent and pack not called: kTooLarge when bound > max_record(), kCorrupt, kOs
  // when memory runs out. kInvalidArgument: pack wrote more than `bound`; nothing sent.
  // A peer that sleeps is rung at once, or with kHeld when some more records have come or by
  // RingHeld(), which the caller owes as long as holds_bell(): a peer that is quicker than the
  // sender would be woken for each record.
  template <class Pack>
  base::Status Send(size_t bound, Pack&& pack, Bell bell = Bell::kAtOnce) {
    std::span<std::byte> room;
    base::Status status = BeginSend(bound, &room);
    if (!status.ok()) return status;
    status = FinishSend(bound, pack(room));
    if (bell == Bell::kAtOnce || held_ >= kMostHeld) RingHeld();
    return status;
  }

  // Records have been sent to a peer that sleeps and has not been rung.
  [[nodiscard]] bool holds_bell() const { return held_ > 0; }
  // Makes our own bell ring, so that its watcher comes back in the next turn of its event loop.
  void RingSelf() const { own_.Ring(); }
  // To be called before the sender turns to something else. Sleep() does it, too.
  void RingHeld() {
    if (std::exchange(held_, 0) > 0) peer_.Ring();
  }

  // Largest record, in bytes: a little less than half of the ring.
  size_t max_record() const { return writer_.max_record(); }
  // Bytes of ring that the waiting records need; 0 only when none waits.
  size_t backlog_bytes() const { return backlog_bytes_; }

  enum class Drained {
    kEmpty,    // everything was delivered
    kMore,     // max_records were delivered and there are more
    kCorrupt,  // the peer broke the format: nothing more will be delivered, ever
    kBusy,     // called from within on_record: nothing done
  };

  // Delivers up to `max_records` records, in order, as on_record(std::span<const std::byte>). The
  // bytes are valid during the call and the peer could still change them. on_record may call Send
  // but not destroy this object; false from it means that the record is malformed: kCorrupt.
  // The room is given back as the drain goes on, and in any case when it ends.
  template <class F>
  [[nodiscard]] Drained Drain(size_t max_records, F&& on_record) {
    if (draining_) return Drained::kBusy;
    const DrainScope scope(*this);
    for (size_t delivered = 0;; ++delivered) {
      std::span<const std::byte> record;
      switch (Next(&record)) {
        case ReadResult::kEmpty:
          return Drained::kEmpty;
        case ReadResult::kCorrupt:
          return Drained::kCorrupt;
        case ReadResult::kRecord:
          break;
      }
      if (delivered == max_records) return Drained::kMore;
      if (!on_record(record)) {
        reader_.MarkCorrupt();
        return Drained::kCorrupt;
      }
      Consumed();
    }
  }

  // Marks us awake, so that the peer works without system calls, clears the bell and flushes the
  // backlog as far as there is room. For when bell_fd() is readable; harmless at other times.
  void Wake();

  // Announces sleep, then looks again at every condition. True: the bell will ring, the caller may
  // wait for it. False: there is work (or corrupt()), and we are awake again: call Drain.
  [[nodiscard]] bool Sleep();

  // Drain() would deliver something, or report corruption.
  [[nodiscard]] bool HasRecord() {
    std::span<const std::byte> record;
    return Next(&record) != ReadResult::kEmpty;
  }

  // The peer broke the format. Stays so; Drain returns kCorrupt and Send fails.
  bool corrupt() const { return reader_.corrupt() || writer_.corrupt(); }

 private:
  // Gives back room and rings owed bells on every way out of a drain.
  class DrainScope {
   public:
    explicit DrainScope(Endpoint& endpoint) : endpoint_(endpoint) { endpoint_.draining_ = true; }
    ~DrainScope() { endpoint_.EndDrain(); }
    DrainScope(const DrainScope&) = delete;
    DrainScope& operator=(const DrainScope&) = delete;

   private:
    Endpoint& endpoint_;
  };

  static constexpr int kMostHeld = 8;

  struct Waiting {
    std::unique_ptr<std::byte[]> bytes;
    size_t size;
  };

  base::Status BeginSend(size_t bound, std::span<std::byte>* room);
  base::Status FinishSend(size_t bound, size_t size);
  std::span<std::byte> ReserveOrAnnounce(size_t bound);
  // Whether the peer sleeps, and so is to be rung, is noted in held_.
  void Publish(size_t size);
  void FlushBacklog();

  ReadResult Next(std::span<const std::byte>* record);
  void Consumed();
  void ReleaseRoom();
  void EndDrain();

  const Segment segment_;  // keeps the rings mapped
  const RingMemory out_;
  const RingMemory in_;
  const Doorbell own_;
  const Doorbell peer_;
  RingWriter writer_;
  RingReader reader_;
  std::deque<Waiting> backlog_;
  size_t backlog_bytes_ = 0;
  bool packing_backlog_ = false;  // between BeginSend and FinishSend: backlog_.back() is the room
  int held_ = 0;  // records since the peer, asleep, was found to need its bell; 0: it does not
  bool awake_ = false;
  bool draining_ = false;
};

}  // namespace nasgi::shm
