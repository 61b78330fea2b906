#pragma once

#include <chrono>

#include "shm/endpoint.h"

namespace nasgi::shm {

// Looks for the next record for a little while before the endpoint goes to sleep: what comes in
// that time needs no bell and no waking, which takes some 60 µs where a core has halted. Spinning
// that was in vain is tried less and less, so that a slow peer costs next to nothing.
//
// Thread safety: that of the endpoint.
class Spinner {
 public:
  // `budget`: how long one turn of the event loop may spin in all. 0 = never.
  explicit Spinner(std::chrono::nanoseconds budget = {}) : budget_(budget) {}

  // A new turn of the event loop.
  void Refill() { left_ = budget_; }

  // True: a record is there, call Drain(). False: none came, the turn's budget is used up, or it
  // was not worth trying; call Sleep().
  [[nodiscard]] bool Spin(Endpoint* endpoint);

 private:
  std::chrono::nanoseconds budget_;
  std::chrono::nanoseconds left_{0};
  int failures_ = 0;  // in a row, up to kMaxFailures
  int skips_ = 0;     // chances still to be passed by
};

}  // namespace nasgi::shm
