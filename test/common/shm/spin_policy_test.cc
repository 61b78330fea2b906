#include "shm/spin_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>

namespace nasgi::shm {
namespace {

using namespace std::chrono_literals;
using Nanoseconds = SpinPolicy::Nanoseconds;

// An endpoint whose records come after a time that `gap` gives, in a simulation without a clock.
struct Waits {
  SpinPolicy* policy;
  Nanoseconds wake_up;     // what a sleeping endpoint loses
  Nanoseconds latency{0};  // of all waits, beyond the time until the record came
  Nanoseconds spun{0};     // without a result
  int tries = 0;

  void Wait(Nanoseconds gap) {
    if (policy->Try()) {
      ++tries;
      const Nanoseconds limit = policy->limit();
      if (gap <= limit) {
        policy->Found(gap);
        return;
      }
      policy->Missed(limit);
      spun += limit;
    }
    policy->Woken(wake_up);
    latency += wake_up;
  }
};

TEST(SpinPolicyTest, LooksForAsLongAsTwoWakeUpsTake) {
  for (const Nanoseconds cost : {Nanoseconds(8us), Nanoseconds(30us), Nanoseconds(45us)}) {
    SpinPolicy policy = SpinPolicy::Adaptive();
    for (int i = 0; i < 200; ++i) policy.Woken(cost);
    EXPECT_GE(policy.limit(), cost * 6 / 4) << cost.count();
    EXPECT_LE(policy.limit(), cost * 10 / 4) << cost.count();
  }
}

TEST(SpinPolicyTest, FollowsTheQuickWakeUpsBecauseOthersWaitedForSomethingElse) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same in each run
  SpinPolicy policy = SpinPolicy::Adaptive();
  for (int i = 0; i < 1000; ++i) policy.Woken(random() % 2 == 0 ? 30us : 5000us);
  EXPECT_GE(policy.limit(), 40us);
  EXPECT_LE(policy.limit(), 90us);
}

TEST(SpinPolicyTest, WhatAHostilePeerSaysKeepsTheLimitInItsBounds) {
  SpinPolicy policy = SpinPolicy::Adaptive();
  for (const Nanoseconds lie : {Nanoseconds::min(), Nanoseconds::max(), Nanoseconds(0)}) {
    for (int i = 0; i < 100; ++i) {
      policy.Woken(lie);
      EXPECT_GE(policy.limit(), 10us);
      EXPECT_LE(policy.limit(), 100us);
    }
  }
}

TEST(SpinPolicyTest, AFixedLimitStays) {
  SpinPolicy policy = SpinPolicy::Fixed(50us);
  for (int i = 0; i < 100; ++i) policy.Woken(5us);
  EXPECT_EQ(policy.limit(), 50us);
  EXPECT_FALSE(SpinPolicy::Fixed(0us).Try());
}

TEST(SpinPolicyTest, TriesLessOftenAfterFailures) {
  SpinPolicy policy = SpinPolicy::Fixed(1us);
  for (int failures = 0; failures < 10; ++failures) {
    // Each failure doubles the number of waits that are skipped next.
    const int skipped = (1 << std::min(failures, 7)) - 1;
    for (int i = 0; i < skipped; ++i) EXPECT_FALSE(policy.Try());
    EXPECT_TRUE(policy.Try());
    policy.Missed(1us);
  }
}

TEST(SpinPolicyTest, TriesMoreOftenAfterASuccess) {
  SpinPolicy policy = SpinPolicy::Fixed(1us);
  for (int failures = 0; failures < 10; ++failures) policy.Missed(1us);
  policy.Found(0us);
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(policy.Try());
  EXPECT_TRUE(policy.Try());
}

TEST(SpinPolicyTest, APeerThatAnswersInTimeIsWaitedForEachTime) {
  SpinPolicy policy = SpinPolicy::Adaptive();
  policy.Woken(80us);
  Waits waits{&policy, 80us};
  for (int i = 0; i < 1000; ++i) waits.Wait(25us);
  EXPECT_EQ(waits.tries, 1000);
  EXPECT_EQ(waits.latency.count(), 0);
}

TEST(SpinPolicyTest, ASlowPeerCostsNextToNothing) {
  SpinPolicy policy = SpinPolicy::Adaptive();
  Waits waits{&policy, 30us};
  for (int i = 0; i < 10'000; ++i) waits.Wait(200us);
  EXPECT_LE(waits.spun, waits.latency / 50);
}

// Some come in time, but what the others cost is more.
TEST(SpinPolicyTest, DoesNotSpinForAFewThatComeInTime) {
  std::mt19937 random(2);  // NOLINT(cert-msc51-cpp): the same in each run
  SpinPolicy policy = SpinPolicy::Adaptive();
  Waits waits{&policy, 40us};
  for (int i = 0; i < 20'000; ++i) waits.Wait(random() % 5 == 0 ? 20us : 500us);
  EXPECT_LE(waits.spun, Nanoseconds(40us) * 20'000 / 20);
}

// A peer that sleeps has to be woken before it can answer, which takes longer than this side's own
// wake-up would. Once the peer looks as well, answers come at once.
TEST(SpinPolicyTest, WaitsForThePeerToLookAsWell) {
  SpinPolicy policy = SpinPolicy::Adaptive();
  policy.Woken(25us);
  Waits waits{&policy, 25us};
  for (int i = 0; i < 128; ++i) waits.Wait(35us);
  EXPECT_EQ(waits.tries, 128);
  for (int i = 0; i < 128; ++i) waits.Wait(3us);
  EXPECT_GE(waits.tries, 200);
}

TEST(SpinPolicyTest, DoesNotWaitForEverForRecordsThatComeTooLateToPay) {
  SpinPolicy policy = SpinPolicy::Adaptive();
  policy.Woken(25us);
  Waits waits{&policy, 25us};
  for (int i = 0; i < 100'000; ++i) waits.Wait(35us);
  EXPECT_LE(waits.tries, 20'000);
}

TEST(SpinPolicyTest, SpinsAgainSoonWhenThePeerHasBecomeQuick) {
  SpinPolicy policy = SpinPolicy::Adaptive();
  Waits waits{&policy, 40us};
  for (int i = 0; i < 10'000; ++i) waits.Wait(1ms);
  waits.tries = 0;
  for (int i = 0; i < 1000; ++i) waits.Wait(5us);
  EXPECT_GE(waits.tries, 500);
}

// Over every mixture of quick and slow answers, waiting and spinning together cost at most little
// more than the better of always sleeping and always spinning.
TEST(SpinPolicyTest, IsNeverMuchWorseThanTheBetterSimpleRule) {
  std::mt19937 random(3);  // NOLINT(cert-msc51-cpp): the same in each run
  const Nanoseconds wake_up = 40us;
  constexpr int kWaits = 20'000;
  for (unsigned quick = 0; quick <= 100; quick += 5) {
    SpinPolicy policy = SpinPolicy::Adaptive();
    policy.Woken(wake_up);
    Waits waits{&policy, wake_up};
    Nanoseconds always{0};
    for (int i = 0; i < kWaits; ++i) {
      const Nanoseconds gap = random() % 100 < quick ? 10us : 300us;
      if (gap > policy.limit()) always += policy.limit() + wake_up;
      waits.Wait(gap);
    }
    const Nanoseconds best = std::min(always, wake_up * kWaits);
    EXPECT_LE(waits.latency + waits.spun, best + wake_up * kWaits / 8) << quick << " % are quick";
  }
}

}  // namespace
}  // namespace nasgi::shm
