#include "shm/spinner.h"

namespace nasgi::shm {

namespace {

using Clock = std::chrono::steady_clock;

// How often the ring is checked for each look at the clock, which costs more.
constexpr int kLooksATime = 16;

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

Spinner::Outcome Spinner::Spin(Endpoint* endpoint) {
  if (left_.count() <= 0) return found_ ? Outcome::kSpent : Outcome::kNothing;
  if (!policy_.Try()) return Outcome::kNothing;
  // Sleep() would find it as well, so this says nothing about what looking is worth. It happens
  // where the peer runs on this core and answers as soon as its bell rings.
  if (endpoint->HasRecord()) return Outcome::kRecord;
  const Clock::time_point started = Clock::now();
  std::chrono::nanoseconds used{0};
  bool found = false;
  while (!found && used < left_) {
    found = Look(endpoint);
    used = Clock::now() - started;
  }
  left_ -= used;
  // A failure says something about the peer only if at least half of the time was left for it.
  if (found) {
    found_ = true;
    policy_.Found(used);
    return Outcome::kRecord;
  }
  if (used >= policy_.limit() / 2) policy_.Missed(used);
  return found_ ? Outcome::kSpent : Outcome::kNothing;
}

}  // namespace nasgi::shm
