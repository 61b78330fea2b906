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
  void Refill() { left_ = policy_.limit(); }

  // True: a record is there or has come; call Drain(). False: none came in time, the time of this
  // turn is used up, or the policy says that it is not worth trying; call Sleep().
  [[nodiscard]] bool Spin(Endpoint* endpoint);

 private:
  SpinPolicy policy_;
  std::chrono::nanoseconds left_{0};
};

}  // namespace nasgi::shm
