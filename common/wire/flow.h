#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "wire/protocol.h"

// Flow control of one stream in one direction: the sender spends a window of kWindow bytes, the
// receiver opens it again as the bytes are really consumed. Each end keeps its half.
namespace nasgi::wire {

class SendWindow {
 public:
  [[nodiscard]] size_t available() const { return available_; }
  void Spend(size_t bytes) { available_ -= static_cast<uint32_t>(bytes); }
  // False: the receiver gives back more than it was sent.
  [[nodiscard]] bool Open(uint32_t bytes) {
    if (bytes > kWindow - available_) return false;
    available_ += bytes;
    return true;
  }

 private:
  uint32_t available_ = kWindow;
};

// What `bytes` bytes of a WebSocket message cost in a window, with its end or without.
[[nodiscard]] constexpr size_t MessageCost(size_t bytes, bool end) {
  return bytes + (end ? kMessageOverhead : 0);
}

// The next piece of a WebSocket message.
struct Piece {
  size_t size = 0;
  bool end = false;
  // Nothing can be sent until the window opens.
  [[nodiscard]] bool blocked() const { return size == 0 && !end; }
  [[nodiscard]] size_t cost() const { return MessageCost(size, end); }
};

// Of a message of which `rest` bytes are left. All bytes are sent only together with the end.
inline Piece NextPiece(size_t rest, const SendWindow& window) {
  const size_t room = window.available();
  if (rest <= kMaxChunk && MessageCost(rest, true) <= room) return {rest, true};
  return {std::min({rest > 0 ? rest - 1 : 0, kMaxChunk, room}), false};
}

class ReceiveWindow {
 public:
  // False: the sender has overrun its window.
  [[nodiscard]] bool Receive(size_t bytes) {
    if (bytes > kWindow - held_) return false;
    held_ += static_cast<uint32_t>(bytes);
    unread_ += static_cast<uint32_t>(bytes);
    return true;
  }
  // Notes `bytes` as consumed; returns the credit that is to be sent now, or 0.
  uint32_t Consume(size_t bytes) {
    unread_ -= static_cast<uint32_t>(std::min<size_t>(bytes, unread_));
    const uint32_t credit = held_ - unread_;
    if (credit < kCreditQuantum) return 0;
    held_ = unread_;
    return credit;
  }

 private:
  uint32_t held_ = 0;    // received and not given back
  uint32_t unread_ = 0;  // of those, not consumed
};

}  // namespace nasgi::wire
