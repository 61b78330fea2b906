#pragma once

#include <chrono>

#include "shm/endpoint.h"

namespace nasgi::shm {

// Looks for the next record for a short while before its endpoint goes to sleep. A record that
// comes within that time needs no bell and no wake-up, which takes about 60 µs once a core has
// halted. After spins that found nothing it tries less and less often, so that a slow peer costs
// next to nothing.
//
// Thread safety: that of the endpoint.
// Lifetime: keeps no endpoint.
// Failure: none.
class Spinner {
 public:
  // `budget` is how long one turn of the event loop may spin in total; 0 turns spinning off.
  explicit Spinner(std::chrono::nanoseconds budget = {}) : budget_(budget) {}

  // Starts a new turn of the event loop, with its whole budget.
  void Refill() { left_ = budget_; }

  // True: a record has come; call Drain(). False: none came in time, the budget of this turn is
  // used up, or spinning was not worth trying; call Sleep().
  [[nodiscard]] bool Spin(Endpoint* endpoint);

 private:
  std::chrono::nanoseconds budget_;
  std::chrono::nanoseconds left_{0};
  int failures_ = 0;  // in a row, up to kMaxFailures
  int skips_ = 0;     // calls that will return false without looking
};

}  // namespace nasgi::shm
