#include "shm/doorbell.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "support/poll.h"

namespace nasgi::shm {
namespace {

using test::IsReadable;

class DoorbellTest : public testing::Test {
 protected:
  DoorbellTest() : bells_(Doorbell::CreatePair().value()) {}

  // Rings until the other end has no room for another ring.
  void Fill() {
    const std::string rings(4096, 'r');
    while (::send(bells_.other.fd(), rings.data(), rings.size(), MSG_DONTWAIT) > 0) {
    }
  }

  DoorbellPair bells_;
};

TEST_F(DoorbellTest, RingMakesTheOtherEndReadableUntilCleared) {
  EXPECT_FALSE(IsReadable(bells_.one.fd()));
  bells_.other.Ring();
  EXPECT_TRUE(IsReadable(bells_.one.fd()));
  EXPECT_TRUE(IsReadable(bells_.one.fd())) << "level-triggered: looking does not clear";
  EXPECT_FALSE(IsReadable(bells_.other.fd()));
  EXPECT_TRUE(bells_.one.Clear().open);
  EXPECT_FALSE(IsReadable(bells_.one.fd()));
}

TEST_F(DoorbellTest, ManyRingsAreClearedAtOnce) {
  for (int i = 0; i < 100; ++i) bells_.other.Ring();
  EXPECT_TRUE(bells_.one.Clear().open);
  EXPECT_FALSE(IsReadable(bells_.one.fd()));
}

TEST_F(DoorbellTest, NothingBlocksOnDescriptorsThatBlock) {
  for (const int fd : {bells_.one.fd(), bells_.other.fd()}) {
    ASSERT_EQ(::fcntl(fd, F_SETFL, 0), 0);
  }
  EXPECT_TRUE(bells_.one.Clear().open) << "silent";
  Fill();
  bells_.other.Ring();
  EXPECT_TRUE(IsReadable(bells_.one.fd()));
  while (IsReadable(bells_.one.fd())) EXPECT_TRUE(bells_.one.Clear().open);
  bells_.other.Ring();
  EXPECT_TRUE(IsReadable(bells_.one.fd())) << "there is room again";
}

TEST_F(DoorbellTest, ClearReportsAnEndThatIsClosed) {
  bells_.other.Ring();
  {
    const Doorbell closed = std::move(bells_.other);
  }
  EXPECT_TRUE(bells_.one.Clear().open) << "it was rung before";
  EXPECT_FALSE(bells_.one.Clear().open);
  EXPECT_TRUE(IsReadable(bells_.one.fd()));
  bells_.one.Ring();  // without SIGPIPE
}

TEST_F(DoorbellTest, ClearReportsAnEndThatIsClosedWithRingsUnread) {
  bells_.one.Ring();
  {
    const Doorbell closed = std::move(bells_.other);
  }
  EXPECT_FALSE(bells_.one.Clear().open);
}

TEST_F(DoorbellTest, ClearReportsAnEndThatIsShutDown) {
  ASSERT_EQ(::shutdown(bells_.other.fd(), SHUT_WR), 0);
  EXPECT_FALSE(bells_.one.Clear().open);
}

TEST_F(DoorbellTest, ClearSaysHowLongAgoTheFirstRingWas) {
  EXPECT_FALSE(bells_.one.Clear().age.has_value());
  const auto before = std::chrono::steady_clock::now();
  bells_.other.Ring();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  bells_.other.Ring();
  const auto age = bells_.one.Clear().age;
  ASSERT_TRUE(age.has_value());
  EXPECT_GE(*age, std::chrono::milliseconds(5));
  EXPECT_LE(*age, std::chrono::steady_clock::now() - before);
  EXPECT_FALSE(bells_.one.Clear().age.has_value());
}

TEST_F(DoorbellTest, AHostileRingIsARingWithoutATime) {
  ASSERT_EQ(::send(bells_.other.fd(), "abc", 3, 0), 3);
  const Doorbell::Cleared cleared = bells_.one.Clear();
  EXPECT_TRUE(cleared.open);
  EXPECT_FALSE(cleared.age.has_value());
  EXPECT_FALSE(IsReadable(bells_.one.fd()));
}

TEST_F(DoorbellTest, WorksThroughAnotherDescriptorOfTheSameEnd) {
  const Doorbell other(base::UniqueFd(::fcntl(bells_.other.fd(), F_DUPFD_CLOEXEC, 0)));
  other.Ring();
  EXPECT_TRUE(IsReadable(bells_.one.fd()));
}

TEST_F(DoorbellTest, IsNotInheritedAndClosesWithItsOwner) {
  const int fd = bells_.one.fd();
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  {
    const Doorbell closed = std::move(bells_.one);
  }
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

}  // namespace
}  // namespace nasgi::shm
