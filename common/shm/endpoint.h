#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
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

// One process's end of a segment. It sends records on one ring, receives on the other, and has all
// the logic of sleeping and waking. Both processes use it in the same way. docs/memory-model.md
// explains why no wake-up is lost.
//
// To use it, watch bell_fd() (level-triggered) for reading:
//   when readable:  Wake(); then Drain(n, ...) until it no longer returns kMore (or come back later
//                   without a bell, because nobody rings an endpoint that is awake); then Sleep(),
//                   and if that returns false, start again from Drain().
//   at any time:    Send().
// A new Endpoint is asleep. Its bell has been rung if records wait in the ring already, so it is
// enough to watch bell_fd() from then on. Drain() may also be called while asleep, to poll.
//
// Thread safety: one thread at a time. The other end is another process, or another thread with an
// Endpoint of its own.
// Lifetime: keeps the rings mapped and owns its end of the bell. One Endpoint for each side of a
// segment: the segment is created with both sides asleep.
// Failure: once the peer has broken the format, the endpoint stays corrupt().
// Invariants while no member function runs and the endpoint is asleep:
//   1. if a record is in the receiving ring, our bell rings or the peer is about to ring it;
//   2. if there is room for the first record of the backlog, likewise;
//   3. all room that was consumed is released, and every bell owed to the peer has been rung.
// While the endpoint is awake, 1 and 2 are up to the caller, who calls Sleep() before waiting.
class Endpoint {
 public:
  Endpoint(Segment segment, Side side, Doorbell bell);

  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // Borrowed.
  [[nodiscard]] int bell_fd() const { return bell_.fd(); }

  // Sends one record and never blocks. Calls `pack` exactly once, with room for at least `bound`
  // bytes; `pack` returns how many it wrote, and must neither throw nor call this object. A record
  // that does not fit now waits in private memory, in order, until the peer has made room. Limiting
  // that memory is up to the caller (backlog_bytes).
  // Errors: kTooLarge when bound > max_record(), kCorrupt, and kOs when memory runs out; pack is
  // not called. kInvalidArgument when pack wrote more than `bound`. Nothing is sent then.
  //
  // A peer that sleeps is rung at once. With kHeld it is rung after a few more records, or by
  // RingHeld(), which the caller must call while holds_bell(); otherwise a peer that is faster than
  // the sender would be woken for each record.
  template <class Pack>
  base::Status Send(size_t bound, Pack&& pack, Bell bell = Bell::kAtOnce) {
    std::span<std::byte> room;
    base::Status status = BeginSend(bound, &room);
    if (!status.ok()) return status;
    status = FinishSend(bound, pack(room));
    if (bell == Bell::kAtOnce || held_ >= kMostHeld) RingHeld();
    return status;
  }

  // Records were sent to a sleeping peer that has not been rung yet.
  [[nodiscard]] bool holds_bell() const { return held_ > 0; }
  // Rings a bell that is held. To be called before the caller turns to something else; Sleep() does
  // it, too.
  void RingHeld() {
    if (std::exchange(held_, 0) > 0) bell_.Ring();
  }

  // The largest record, in bytes; a little less than half of the ring.
  [[nodiscard]] size_t max_record() const { return writer_.max_record(); }
  // Bytes of ring that the waiting records need; 0 only when none waits.
  [[nodiscard]] size_t backlog_bytes() const { return backlog_bytes_; }

  // How full the rings are, in bytes. Cheap, but touches cache lines that the peer writes.
  struct Usage {
    uint64_t sending;    // in the ring to the peer
    uint64_t receiving;  // in the ring from the peer
  };
  [[nodiscard]] Usage usage() { return {writer_.UsedBytes(), reader_.UsedBytes()}; }

  enum class Drained {
    kEmpty,    // everything was delivered
    kMore,     // max_records were delivered, and there are more
    kCorrupt,  // the peer broke the format; nothing more will ever be delivered
    kBusy,     // called from within on_record; nothing was done
  };

  // Delivers up to `max_records` records, in order, as on_record(std::span<const std::byte>). The
  // bytes are a copy that is valid during the call; the peer cannot change them. on_record may call
  // Send, but must not destroy this object. It returns false for a malformed record, and Drain
  // returns kCorrupt. Room is given back during the drain and when it ends.
  template <class F>
  [[nodiscard]] Drained Drain(size_t max_records, F&& on_record) {
    if (draining_) return Drained::kBusy;
    const DrainScope scope(*this);
    for (size_t delivered = 0;; ++delivered) {
      switch (Look()) {
        case ReadResult::kEmpty:
          return Drained::kEmpty;
        case ReadResult::kCorrupt:
          return Drained::kCorrupt;
        case ReadResult::kRecord:
          break;
      }
      if (delivered == max_records) return Drained::kMore;
      if (!on_record(reader_.Take())) {
        reader_.MarkCorrupt();
        return Drained::kCorrupt;
      }
      Taken();
    }
  }

  // Marks this end as awake, so that the peer need not ring, clears the bell and sends the backlog
  // as far as there is room. To be called when bell_fd() is readable; harmless at other times.
  // Returns how long ago the peer rang, if it did and says when. It may lie.
  std::optional<std::chrono::nanoseconds> Wake();

  // Wake() has found that the peer's end of the bell is closed. bell_fd() stays readable then, so
  // the caller must stop watching it. Records that the peer sent before may still be in the ring.
  [[nodiscard]] bool peer_left() const { return peer_left_; }

  // Announces sleep, then checks every condition again. True: the bell will ring for new work, so
  // the caller may wait for it. False: there is work (or corrupt()), and this end is awake again;
  // call Drain.
  [[nodiscard]] bool Sleep();

  // Whether Drain() would deliver something or report corruption.
  [[nodiscard]] bool HasRecord() { return Look() != ReadResult::kEmpty; }

  // The peer broke the format; Drain returns kCorrupt and Send fails. Never becomes false again.
  [[nodiscard]] bool corrupt() const { return reader_.corrupt() || writer_.corrupt(); }

 private:
  // Gives back room and rings owed bells however a drain ends.
  class DrainScope {
   public:
    explicit DrainScope(Endpoint& endpoint) : endpoint_(endpoint) { endpoint_.draining_ = true; }
    ~DrainScope() { endpoint_.EndDrain(); }
    DrainScope(const DrainScope&) = delete;
    DrainScope& operator=(const DrainScope&) = delete;

   private:
    Endpoint& endpoint_;
  };

  static constexpr int kMostHeld = 8;  // records after which a held bell is rung

  struct Waiting {
    std::unique_ptr<std::byte[]> bytes;
    size_t size;
  };

  base::Status BeginSend(size_t bound, std::span<std::byte>* room);
  base::Status FinishSend(size_t bound, size_t size);
  [[nodiscard]] std::span<std::byte> ReserveOrAnnounce(size_t bound);
  // Publishes the reserved record, and notes in held_ if the peer sleeps and must be rung.
  void Publish(size_t size);
  void FlushBacklog();

  [[nodiscard]] ReadResult Look() { return corrupt() ? ReadResult::kCorrupt : reader_.Look(); }
  void Taken();
  void ReleaseRoom();
  void EndDrain();

  const Segment segment_;  // keeps the rings mapped
  const RingMemory out_;
  const RingMemory in_;
  const Doorbell bell_;
  RingWriter writer_;
  RingReader reader_;
  std::deque<Waiting> backlog_;
  size_t backlog_bytes_ = 0;
  bool packing_backlog_ = false;  // from BeginSend to FinishSend: the room is backlog_.back()
  int held_ = 0;  // records sent since the peer was found asleep; 0: no bell is owed
  bool awake_ = false;
  bool peer_left_ = false;
  bool draining_ = false;
};

}  // namespace nasgi::shm
