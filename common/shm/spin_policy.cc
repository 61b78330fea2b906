#include "shm/spin_policy.h"

#include <algorithm>

namespace nasgi::shm {

namespace {

using std::chrono::microseconds;

constexpr SpinPolicy::Nanoseconds kLeast = microseconds(5);
constexpr SpinPolicy::Nanoseconds kMost = microseconds(50);
// The share of the latest try in the balance is one in so many.
constexpr int kMemory = 8;
// One call in 2^n looks at most this seldom.
constexpr int kMaxFailures = 7;
// Late records in a row after which it is tried less often, as long as nothing has failed. Before,
// the peer has tried to look at least once, however seldom it does. If that would pay for it, both
// will soon be awake.
constexpr int kMostLate = 2 << kMaxFailures;
// wake_up_ follows the quickest quarter of the wake-ups: the others have waited for something
// else, too, such as a callback of the event loop. So one below it moves it three times as far as
// one above it.
constexpr int kStep = 16;
constexpr int kStepsDown = 3;

}  // namespace

bool SpinPolicy::Try() {
  if (wake_up_.count() <= 0) return false;
  if (skips_ == 0) return true;
  --skips_;
  return false;
}

void SpinPolicy::Found(Nanoseconds after) {
  Learn(wake_up_ - after);
  if (after <= wake_up_) {
    // It pays again: soon look as often as that suggests.
    failures_ = balance_.count() >= 0 ? 0 : failures_ / 2;
    late_ = 0;
    skips_ = (1 << failures_) - 1;
  } else if (++late_ >= kMostLate >> failures_) {
    TryLess();
  }
}

void SpinPolicy::Missed(Nanoseconds spent) {
  Learn(-spent);
  if (balance_.count() < 0) TryLess();
}

void SpinPolicy::Learn(Nanoseconds gain) { balance_ += (gain - balance_) / kMemory; }

void SpinPolicy::TryLess() {
  late_ = 0;
  failures_ = std::min(failures_ + 1, kMaxFailures);
  skips_ = (1 << failures_) - 1;
}

void SpinPolicy::Woken(Nanoseconds latency) {
  if (!adaptive_) return;
  if (!known_) {
    wake_up_ = latency;
  } else if (latency < wake_up_) {
    wake_up_ -= wake_up_ * kStepsDown / kStep;
  } else {
    wake_up_ += wake_up_ / kStep;
  }
  wake_up_ = std::clamp(wake_up_, kLeast, kMost);
  known_ = true;
}

}  // namespace nasgi::shm
