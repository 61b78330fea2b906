#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/frame.h"
#include "wire/messages.h"

// A frame that is longer than a record of the ring may be travels in parts: records that follow
// each other, each a frame of the type Part. Only frames with a head can be that long.
//
// Thread safety: each object, one thread at a time.
// Lifetime: see the functions.
// Failure: see PartJoiner::Take.
namespace nasgi::wire {

// Calls send(part) for each part of `message`, so that no packed part exceeds `max_record`, which
// is more than FrameBound(Part{}). The parts are valid during the call only.
template <class Message, class Send>
void SendParts(const Message& message, size_t max_record, Send send) {
  std::vector<std::byte> bytes(FrameBound(message));
  bytes.resize(PackFrame(message, bytes));
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (!rest.empty()) {
    const size_t size = std::min({rest.size(), max_record - FrameBound(Part{}), kMaxChunk});
    send(Part{rest.substr(0, size), size == rest.size()});
    rest.remove_prefix(size);
  }
}

// Joins the parts of one ring, which come from the other process.
class PartJoiner {
 public:
  // Takes the next part. False: the frame is longer than any frame may be.
  [[nodiscard]] bool Take(const Part& part) {
    if (part.bytes.size() > kMaxFrame - bytes_.size()) return false;
    const auto bytes = std::as_bytes(std::span(part.bytes));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return true;
  }
  // Parts were taken, and the last one of their frame is still to come.
  [[nodiscard]] bool joining() const { return !bytes_.empty(); }
  // The frame, after its last part. The caller must not accept a Part in it.
  [[nodiscard]] std::vector<std::byte> Release() { return std::exchange(bytes_, {}); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace nasgi::wire
