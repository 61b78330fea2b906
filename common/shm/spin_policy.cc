#include "shm/spin_policy.h"

#include <algorithm>

namespace nasgi::shm {

namespace {

using std::chrono::microseconds;

constexpr SpinPolicy::Nanoseconds kLeast = microseconds(5);
constexpr SpinPolicy::Nanoseconds kMost = microseconds(100);
// The share of the latest try in the balance is one in so many.
constexpr int kMemory = 8;
// One call in 2^n looks at most this seldom.
constexpr int kMaxFailures = 7;
// The limit follows the quickest quarter of the wake-ups: the others have waited for something
// else, too, such as a callback of the event loop. So one below it moves it three times as far as
// one above it.
constexpr int kStep = 16;
constexpr int kStepsDown = 3;

}  // namespace

bool SpinPolicy::Try() {
  if (limit_.count() <= 0) return false;
  if (skips_ == 0) return true;
  --skips_;
  return false;
}

void SpinPolicy::Found(Nanoseconds after) { Learn(limit_ - after); }

void SpinPolicy::Missed(Nanoseconds spent) { Learn(-spent); }

void SpinPolicy::Learn(Nanoseconds gain) {
  balance_ += (gain - balance_) / kMemory;
  if (gain.count() > 0) {
    // It pays again: soon look as often as that suggests.
    failures_ = balance_.count() >= 0 ? 0 : failures_ / 2;
  } else if (balance_.count() < 0) {
    failures_ = std::min(failures_ + 1, kMaxFailures);
  }
  skips_ = (1 << failures_) - 1;
}

void SpinPolicy::Woken(Nanoseconds latency) {
  if (!adaptive_) return;
  if (!known_) {
    limit_ = latency;
  } else if (latency < limit_) {
    limit_ -= limit_ * kStepsDown / kStep;
  } else {
    limit_ += limit_ / kStep;
  }
  limit_ = std::clamp(limit_, kLeast, kMost);
  known_ = true;
}

}  // namespace nasgi::shm
