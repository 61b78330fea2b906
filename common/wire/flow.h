#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "wire/protocol.h"

// Flow control of one stream in one direction. The sender spends a window of kWindow bytes, which
// the receiver opens again as the bytes are consumed. Each end keeps its own half.
//
// Thread safety: one thread at a time.
// Lifetime: plain values.
// Failure: a bool says that the other end broke the rules.
namespace nasgi::wire {

// The sender's half.
class SendWindow {
 public:
  // Bytes that may be sent now.
  [[nodiscard]] size_t available() const { return available_; }
  // Requires bytes <= available().
  void Spend(size_t bytes) { available_ -= static_cast<uint32_t>(bytes); }
  // False: the receiver gave credit for more than it was sent.
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

// What an early hint with `bytes` bytes of links costs in a window. A long one costs no more than
// what is sure to be available once all before it has been consumed: the receiver keeps less than
// kCreditQuantum back.
[[nodiscard]] constexpr size_t HintCost(size_t bytes) {
  return std::min<size_t>(bytes + kMessageOverhead, kWindow - kCreditQuantum);
}

// The next piece of a WebSocket message.
struct Piece {
  size_t size = 0;
  bool end = false;
  // Nothing can be sent before the window opens.
  [[nodiscard]] bool blocked() const { return size == 0 && !end; }
  // What it takes from the window.
  [[nodiscard]] size_t cost() const { return MessageCost(size, end); }
};

// The next piece of a message that has `rest` bytes left. The last byte travels together with the
// end of the message.
[[nodiscard]] inline Piece NextPiece(size_t rest, const SendWindow& window) {
  const size_t room = window.available();
  if (rest <= kMaxChunk && MessageCost(rest, true) <= room) return {rest, true};
  return {std::min({rest > 0 ? rest - 1 : 0, kMaxChunk, room}), false};
}

// The receiver's half.
class ReceiveWindow {
 public:
  // Notes `bytes` as received. False: the sender has overrun its window.
  [[nodiscard]] bool Receive(size_t bytes) {
    if (bytes > kWindow - held_) return false;
    held_ += static_cast<uint32_t>(bytes);
    unread_ += static_cast<uint32_t>(bytes);
    return true;
  }
  // Notes `bytes` as consumed. Returns the credit to send now, which is 0 until enough has been
  // collected.
  [[nodiscard]] uint32_t Consume(size_t bytes) {
    unread_ -= static_cast<uint32_t>(std::min<size_t>(bytes, unread_));
    const uint32_t credit = held_ - unread_;
    if (credit < kCreditQuantum) return 0;
    held_ = unread_;
    return credit;
  }

 private:
  uint32_t held_ = 0;    // received and not yet given back as credit
  uint32_t unread_ = 0;  // the part of those that is not consumed
};

}  // namespace nasgi::wire
