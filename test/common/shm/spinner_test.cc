#include "shm/spinner.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "support/connection.h"

namespace nasgi::shm {
namespace {

using namespace std::chrono_literals;

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
  // How many turns of the event loop pass, with a record in the ring, until it is found; -1: never.
  int TurnsUntilFound(Spinner* spinner, int most = 1000) {
    for (int turn = 0; turn < most; ++turn) {
      spinner->Refill();
      if (spinner->Spin(node_.get())) return turn;
    }
    return -1;
  }

  test::Connection connection_{kCapacity};
  std::unique_ptr<Endpoint> node_;
  std::unique_ptr<Endpoint> worker_;
};

TEST_F(SpinnerTest, FindsARecordThatIsThere) {
  Spinner spinner(SpinPolicy::Fixed(1h));
  spinner.Refill();
  Send();
  EXPECT_TRUE(spinner.Spin(node_.get()));
  Take();
}

TEST_F(SpinnerTest, FindsARecordThatComesWhileSpinning) {
  Spinner spinner(SpinPolicy::Fixed(1h));
  spinner.Refill();
  std::thread sender([this] {
    std::this_thread::sleep_for(5ms);
    Send();
  });
  EXPECT_TRUE(spinner.Spin(node_.get()));
  sender.join();
}

TEST_F(SpinnerTest, EndsWhenTheBudgetOfTheTurnIsSpent) {
  Spinner spinner(SpinPolicy::Fixed(10us));
  spinner.Refill();
  EXPECT_FALSE(spinner.Spin(node_.get()));
  Send();
  EXPECT_FALSE(spinner.Spin(node_.get())) << "the same turn has nothing left";
}

TEST_F(SpinnerTest, WithoutABudgetItNeverLooks) {
  Spinner spinner(SpinPolicy::Fixed(0us));
  Send();
  EXPECT_EQ(TurnsUntilFound(&spinner), -1);
}

TEST_F(SpinnerTest, SpinsLessOftenAfterFailures) {
  Spinner spinner(SpinPolicy::Fixed(1us));
  for (int failures = 1; failures <= 10; ++failures) {
    int skipped = 0;
    // Each turn that is not skipped fails, and doubles the number that are skipped next.
    for (int expected = (1 << std::min(failures - 1, 7)) - 1; skipped < expected; ++skipped) {
      spinner.Refill();
      EXPECT_FALSE(spinner.Spin(node_.get()));
    }
    spinner.Refill();
    EXPECT_FALSE(spinner.Spin(node_.get()));
  }
  Send();
  EXPECT_EQ(TurnsUntilFound(&spinner), 127);
}

TEST_F(SpinnerTest, SpinsMoreOftenAfterASuccess) {
  Spinner spinner(SpinPolicy::Fixed(1us));
  for (int turn = 0; turn < 500; ++turn) {
    spinner.Refill();
    EXPECT_FALSE(spinner.Spin(node_.get()));
  }
  Send();
  const int turns = TurnsUntilFound(&spinner);
  ASSERT_GE(turns, 0);
  EXPECT_LE(TurnsUntilFound(&spinner), 7);
}

TEST_F(SpinnerTest, CorruptionEndsTheSpin) {
  Spinner spinner(SpinPolicy::Fixed(1h));
  spinner.Refill();
  Send();
  EXPECT_EQ(node_->Drain(SIZE_MAX, [](std::span<const std::byte>) { return false; }),
            Endpoint::Drained::kCorrupt);
  EXPECT_TRUE(spinner.Spin(node_.get()));
}

}  // namespace
}  // namespace nasgi::shm
