#pragma once

#include <chrono>
#include <optional>

#include "shm/endpoint.h"
#include "shm/spin_policy.h"

namespace nasgi::shm {

// Looks for the next record for a short while before its endpoint goes to sleep. A record that
// comes within that time needs no bell and no wake-up, which takes longer than most requests.
// SpinPolicy decides when that is worth it, and for how long.
//
// Thread safety: that of the endpoint.
// Lifetime: keeps no endpoint.
// Failure: none.
class Spinner {
 public:
  explicit Spinner(SpinPolicy policy) : policy_(policy) {}

  // The endpoint has been woken, after that time if it is known, and a new turn of the event loop
  // starts.
  void Woken(std::optional<std::chrono::nanoseconds> latency) {
    if (latency) policy_.Woken(*latency);
    Refill();
  }
  // A new turn of the event loop starts. It may look for policy.limit() in total.
  void Refill() {
    left_ = policy_.limit();
    found_ = false;
  }

  enum class Outcome {
    kRecord,   // a record has come; call Drain()
    kNothing,  // none came in time, or the policy says that looking is not worth it; call Sleep()
    kSpent,    // looking has found records in this turn until its time was used up. So another turn
               // of the event loop, in which other work gets its share, is better than Sleep().
  };
  [[nodiscard]] Outcome Spin(Endpoint* endpoint);

 private:
  SpinPolicy policy_;
  std::chrono::nanoseconds left_{0};
  bool found_ = false;  // a record has come while it looked in this turn
};

}  // namespace nasgi::shm
