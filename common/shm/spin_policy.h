#pragma once

#include <chrono>

namespace nasgi::shm {

// Decides how long an endpoint looks for the next record before it sleeps. Looking costs the time
// that it takes, sleeping costs a wake-up. A record that comes sooner than a wake-up takes has made
// looking worth it. But the peer may have to be woken first, so an endpoint looks for the time of
// two wake-ups: once neither of two peers sleeps any more, records come much sooner. And it looks
// only while that has paid lately. While it has not, it is tried less and less often, so that a
// slow peer, or one that has no core to run on, costs next to nothing.
//
// Thread safety: one thread at a time.
// Failure: none.
class SpinPolicy {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  // Looks for the same time always; 0: never.
  static SpinPolicy Fixed(Nanoseconds limit) { return SpinPolicy(limit, false); }
  // Looks for as long as two wake-ups take here, which it learns while it runs.
  static SpinPolicy Adaptive() { return SpinPolicy(kUnknown, true); }

  // How long to look for a record at most. What a hostile or suspended peer says about wake-ups
  // cannot move it beyond 10 to 100 µs.
  [[nodiscard]] Nanoseconds limit() const { return adaptive_ ? 2 * wake_up_ : wake_up_; }

  // Whether to look this time.
  [[nodiscard]] bool Try();
  // A record came after so long.
  void Found(Nanoseconds after);
  // None came, although at least half of limit() was spent on it.
  void Missed(Nanoseconds spent);
  // A wake-up took so long, from the ring of the bell until this process ran.
  void Woken(Nanoseconds latency);

 private:
  // As long as nobody knows: a halted core takes 20 to 80 µs.
  static constexpr Nanoseconds kUnknown = std::chrono::microseconds(20);

  SpinPolicy(Nanoseconds wake_up, bool adaptive) : wake_up_(wake_up), adaptive_(adaptive) {}

  void Learn(Nanoseconds gain);
  void TryLess();

  Nanoseconds wake_up_;  // what one takes
  bool adaptive_;
  bool known_ = false;  // wake_up_ has been measured
  // What looking has saved lately (below 0: has cost), a mean in which older times count less.
  Nanoseconds balance_{0};
  int late_ = 0;      // tries in a row that found a record, but too late to pay
  int failures_ = 0;  // how rare a try has become: one in 2^failures_
  int skips_ = 0;     // calls of Try() that will be false
};

}  // namespace nasgi::shm
