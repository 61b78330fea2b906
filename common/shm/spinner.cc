#include "shm/spinner.h"

#include <algorithm>

namespace nasgi::shm {

namespace {

using Clock = std::chrono::steady_clock;

// How often the ring is checked for each look at the clock, which costs more.
constexpr int kLooksATime = 16;
// After n failures in a row, up to this many, one call in 2^n spins.
constexpr int kMaxFailures = 7;

// Tells the core that this is a spin loop.
void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

bool Look(Endpoint* endpoint) {
  for (int i = 0; i < kLooksATime; ++i) {
    if (endpoint->HasRecord()) return true;
    Pause();
  }
  return false;
}

}  // namespace

bool Spinner::Spin(Endpoint* endpoint) {
  if (left_.count() <= 0) return false;
  if (skips_ > 0) {
    --skips_;
    return false;
  }
  const Clock::time_point started = Clock::now();
  std::chrono::nanoseconds used{0};
  bool found = false;
  while (!found && used < left_) {
    found = Look(endpoint);
    used = Clock::now() - started;
  }
  left_ -= used;
  // A failure says something about the peer only if at least half of the budget was left for it.
  if (found) {
    failures_ = 0;
  } else if (used >= budget_ / 2) {
    failures_ = std::min(failures_ + 1, kMaxFailures);
    skips_ = (1 << failures_) - 1;
  }
  return found;
}

}  // namespace nasgi::shm
