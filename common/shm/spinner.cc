#include "shm/spinner.h"

#include <algorithm>

namespace nasgi::shm {

namespace {

using Clock = std::chrono::steady_clock;

// The clock costs more than a look.
constexpr int kLooksATime = 16;
// After so many failures in a row one chance in 2^n is taken.
constexpr int kMaxFailures = 7;

// Tells the core that it waits for another one.
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
  // A budget that others have used up says nothing about the peer.
  if (found) {
    failures_ = 0;
  } else if (used >= budget_ / 2) {
    failures_ = std::min(failures_ + 1, kMaxFailures);
    skips_ = (1 << failures_) - 1;
  }
  return found;
}

}  // namespace nasgi::shm
