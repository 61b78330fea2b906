#pragma once

#include <signal.h>
#include <sys/time.h>

#include <csignal>
#include <cstdint>

#include "support/random.h"

namespace nasgi::test {

// While an object exists, a timer signal stops this process at arbitrary instructions, for up to
// some tens of microseconds, as the scheduler does on a busy machine. Every run of a stress test
// then hits race windows of a few nanoseconds, instead of once a month in production.
//
// Does nothing under ThreadSanitizer, which delivers signals only at calls that it knows.
class Interruptions {
 public:
  Interruptions() {
#if !defined(__SANITIZE_THREAD__)
    struct sigaction action{};
    action.sa_handler = [](int) { Pause(); };
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGALRM, &action, &old_action_);
    const itimerval often{.it_interval = {.tv_sec = 0, .tv_usec = 60},
                          .it_value = {.tv_sec = 0, .tv_usec = 60}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
#endif
  }
  ~Interruptions() {
#if !defined(__SANITIZE_THREAD__)
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &old_action_, nullptr);
#endif
  }
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;

 private:
  static void Pause() {
    static volatile uint64_t state = 1;
    state = Random(state).Next();
    for (uint64_t i = state % 16'384; i > 0; --i) asm volatile("" ::: "memory");
  }

  [[maybe_unused]] struct sigaction old_action_{};
};

}  // namespace nasgi::test
