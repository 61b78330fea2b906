#include "shm/spinner.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <tuple>

#include "support/connection.h"

namespace nasgi::shm {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Outcome = Spinner::Outcome;

const size_t kCapacity = static_cast<size_t>(::sysconf(_SC_PAGESIZE));

class SpinnerTest : public testing::Test {
 protected:
  SpinnerTest() : node_(connection_.Open(Side::kNode)), worker_(connection_.Open(Side::kWorker)) {}

  void Send() {
    const base::Status sent = worker_->Send(1, [](std::span<std::byte> room) {
      room[0] = std::byte{1};
      return size_t{1};
    });
    ASSERT_TRUE(sent.ok());
  }
  void Take() {
    ASSERT_EQ(node_->Drain(SIZE_MAX, [](std::span<const std::byte>) { return true; }),
              Endpoint::Drained::kEmpty);
  }
  // How long it looks in a new turn of the event loop in which no record comes.
  Clock::duration LookInVain(Spinner* spinner) {
    spinner->Refill();
    return Look(spinner);
  }
  Clock::duration Look(Spinner* spinner) {
    const Clock::time_point started = Clock::now();
    EXPECT_EQ(spinner->Spin(node_.get()), Outcome::kNothing);
    return Clock::now() - started;
  }

  test::Connection connection_{kCapacity};
  std::unique_ptr<Endpoint> node_;
  std::unique_ptr<Endpoint> worker_;
};

TEST_F(SpinnerTest, FindsARecordThatIsThere) {
  Spinner spinner(SpinPolicy::Fixed(1h));
  spinner.Refill();
  Send();
  EXPECT_EQ(spinner.Spin(node_.get()), Outcome::kRecord);
  Take();
}

TEST_F(SpinnerTest, FindsARecordThatComesWhileSpinning) {
  Spinner spinner(SpinPolicy::Fixed(1h));
  spinner.Refill();
  std::thread sender([this] {
    std::this_thread::sleep_for(5ms);
    Send();
  });
  EXPECT_EQ(spinner.Spin(node_.get()), Outcome::kRecord);
  sender.join();
}

TEST_F(SpinnerTest, WithoutABudgetItNeverLooks) {
  Spinner spinner(SpinPolicy::Fixed(0us));
  spinner.Refill();
  Send();
  EXPECT_EQ(spinner.Spin(node_.get()), Outcome::kNothing);
}

TEST_F(SpinnerTest, EndsWhenTheBudgetOfTheTurnIsSpent) {
  constexpr auto kBudget = 2ms;
  Spinner spinner(SpinPolicy::Fixed(kBudget));
  EXPECT_GE(LookInVain(&spinner), kBudget);
  // Each may be interrupted, but not all of them.
  Clock::duration shortest = Clock::duration::max();
  for (int i = 0; i < 100; ++i) shortest = std::min(shortest, Look(&spinner));
  EXPECT_LT(shortest, kBudget);
}

// Node went to sleep when records that came one after the other had used up its time, and had to be
// woken for the next one: one request after the other took 1.5 times as long.
TEST_F(SpinnerTest, TellsATurnThatFoundRecordsFromOneInVain) {
  // The sender may be too early, so that nobody has to look, or too late.
  bool spent = false;
  for (int i = 0; i < 100 && !spent; ++i) {
    Spinner spinner(SpinPolicy::Fixed(5ms));
    spinner.Refill();
    std::thread sender([this] {
      std::this_thread::sleep_for(1ms);
      Send();
    });
    const Outcome first = spinner.Spin(node_.get());
    sender.join();
    Take();
    const Outcome second = spinner.Spin(node_.get());
    EXPECT_NE(second, Outcome::kRecord);
    spent = second == Outcome::kSpent;
    EXPECT_TRUE(first == Outcome::kRecord || !spent);
  }
  EXPECT_TRUE(spent);

  Spinner spinner(SpinPolicy::Fixed(1ms));
  LookInVain(&spinner);
  EXPECT_EQ(spinner.Spin(node_.get()), Outcome::kNothing);
}

// On one core, the worker answers while Node rings its bell. Node then believed that looking pays,
// and looked in vain whenever it did not: one request after the other, next to a busy program, took
// 1.15 times as long.
TEST_F(SpinnerTest, RecordsThatWereThereBeforeCountedAsFoundByLooking) {
  constexpr auto kBudget = 1ms;
  constexpr int kTurns = 200;
  Spinner spinner(SpinPolicy::Fixed(kBudget));
  int tries = 0;
  for (int turn = 0; turn < kTurns; ++turn) {
    for (int i = 0; i < 3; ++i) {
      Send();
      spinner.Refill();
      std::ignore = spinner.Spin(node_.get());  // kNothing: it does not look this time
      Take();
    }
    if (LookInVain(&spinner) >= kBudget) ++tries;
  }
  EXPECT_LT(tries, kTurns / 2);
}

TEST_F(SpinnerTest, CorruptionEndsTheSpin) {
  Spinner spinner(SpinPolicy::Fixed(1h));
  spinner.Refill();
  Send();
  EXPECT_EQ(node_->Drain(SIZE_MAX, [](std::span<const std::byte>) { return false; }),
            Endpoint::Drained::kCorrupt);
  EXPECT_EQ(spinner.Spin(node_.get()), Outcome::kRecord);
}

}  // namespace
}  // namespace nasgi::shm
