#include "shm/endpoint.h"

#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "shm/ring_cursor.h"

namespace nasgi::shm {

using base::Status;

Endpoint::Endpoint(Segment segment, Side side, Doorbell bell)
    : segment_(std::move(segment)),
      out_(side == Side::kNode ? segment_.request_ring() : segment_.response_ring()),
      in_(side == Side::kNode ? segment_.response_ring() : segment_.request_ring()),
      bell_(std::move(bell)),
      writer_(out_),
      reader_(in_) {}

// --- sending --------------------------------------------------------------------------------

Status Endpoint::BeginSend(size_t bound, std::span<std::byte>* room) {
  if (bound > max_record()) {
    return Status::TooLarge("a record of " + std::to_string(bound) + " bytes; the ring takes " +
                            std::to_string(max_record()));
  }
  packing_backlog_ = false;
  // Behind a backlog everything waits, to keep the order.
  if (backlog_.empty()) *room = ReserveOrAnnounce(bound);
  if (corrupt()) return Status::Corrupt("the peer broke the format of the segment");
  if (room->data() != nullptr) return Status::Ok();

  try {
    backlog_.push_back({std::make_unique_for_overwrite<std::byte[]>(bound), 0});
  } catch (const std::bad_alloc&) {
    return Status::FromErrno("allocating a record that has to wait", ENOMEM);
  }
  packing_backlog_ = true;
  *room = {backlog_.back().bytes.get(), bound};
  return Status::Ok();
}

Status Endpoint::FinishSend(size_t bound, size_t size) {
  if (size > bound) {
    if (packing_backlog_) backlog_.pop_back();
    return Status::InvalidArgument("a record was packed beyond its bound");
  }
  if (packing_backlog_) {
    backlog_.back().size = size;
    backlog_bytes_ += RecordBytes(size);
  } else {
    Publish(size);
  }
  return Status::Ok();
}

// While asleep, nobody calls Sleep() before the next bell, so the wait is announced and rechecked
// here. While awake, Sleep() does that if there is still a backlog by then.
std::span<std::byte> Endpoint::ReserveOrAnnounce(size_t bound) {
  std::span<std::byte> room = writer_.Reserve(bound);
  if (room.data() != nullptr || awake_) return room;
  AnnounceWait(*out_.header);
  room = writer_.Reserve(bound);
  if (room.data() != nullptr) CancelWait(*out_.header);
  return room;
}

void Endpoint::Publish(size_t size) {
  writer_.Commit(size);
  if (held_ > 0 || TakeSleeper(*out_.header)) ++held_;
}

void Endpoint::FlushBacklog() {
  while (!backlog_.empty()) {
    const Waiting& first = backlog_.front();
    const std::span<std::byte> room = writer_.Reserve(first.size);
    if (room.data() == nullptr) return;
    std::memcpy(room.data(), first.bytes.get(), first.size);
    Publish(first.size);
    RingHeld();
    backlog_bytes_ -= RecordBytes(first.size);
    backlog_.pop_front();
  }
}

// --- receiving ------------------------------------------------------------------------------

void Endpoint::Taken() {
  // Not only at the end, because a long drain must block neither the records that it consumes nor
  // those that it causes.
  if (reader_.unreleased() >= in_.capacity / 4) {
    ReleaseRoom();
    FlushBacklog();
  }
}

void Endpoint::ReleaseRoom() {
  if (reader_.Release() && TakeWaiter(*in_.header)) bell_.Ring();
}

void Endpoint::EndDrain() {
  draining_ = false;
  ReleaseRoom();
  FlushBacklog();
}

// --- sleeping and waking --------------------------------------------------------------------

std::optional<std::chrono::nanoseconds> Endpoint::Wake() {
  awake_ = true;
  CancelSleep(*in_.header);
  CancelWait(*out_.header);
  // Clears every bell rung so far, whatever it was for. That is safe because all conditions are
  // checked later: room here, records in Drain, and both again in Sleep.
  const Doorbell::Cleared bell = bell_.Clear();
  if (!bell.open) peer_left_ = true;
  FlushBacklog();
  return bell.age;
}

bool Endpoint::Sleep() {
  RingHeld();
  awake_ = false;
  AnnounceSleep(*in_.header);
  if (!backlog_.empty()) AnnounceWait(*out_.header);
  // Every condition is checked after both announcements, because what happened before them rang
  // nobody.
  const bool work =
      HasRecord() || (!backlog_.empty() && writer_.HasRoom(backlog_.front().size)) || corrupt();
  if (!work) return true;
  awake_ = true;
  CancelSleep(*in_.header);
  CancelWait(*out_.header);
  return false;
}

}  // namespace nasgi::shm
