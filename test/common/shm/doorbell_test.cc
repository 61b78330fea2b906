#include "shm/doorbell.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>

#include "support/poll.h"

namespace nasgi::shm {
namespace {

using test::IsReadable;

TEST(DoorbellTest, RingMakesItReadableUntilCleared) {
  auto bell = Doorbell::Create();
  ASSERT_TRUE(bell.ok());
  EXPECT_FALSE(IsReadable(bell.value().fd()));
  bell.value().Ring();
  EXPECT_TRUE(IsReadable(bell.value().fd()));
  EXPECT_TRUE(IsReadable(bell.value().fd())) << "level-triggered: looking does not clear";
  bell.value().Clear();
  EXPECT_FALSE(IsReadable(bell.value().fd()));
}

TEST(DoorbellTest, ManyRingsAreClearedAtOnce) {
  auto bell = Doorbell::Create();
  ASSERT_TRUE(bell.ok());
  for (int i = 0; i < 100; ++i) bell.value().Ring();
  bell.value().Clear();
  EXPECT_FALSE(IsReadable(bell.value().fd()));
}

TEST(DoorbellTest, ClearOfASilentBellDoesNotBlock) {
  auto bell = Doorbell::Create();
  ASSERT_TRUE(bell.ok());
  bell.value().Clear();
  EXPECT_FALSE(IsReadable(bell.value().fd()));
}

TEST(DoorbellTest, RingOfASaturatedBellDoesNotBlock) {
  auto bell = Doorbell::Create();
  ASSERT_TRUE(bell.ok());
  const uint64_t maximum = UINT64_MAX - 1;
  ASSERT_EQ(::write(bell.value().fd(), &maximum, sizeof(maximum)), 8);
  bell.value().Ring();
  EXPECT_TRUE(IsReadable(bell.value().fd()));
}

TEST(DoorbellTest, WorksThroughAnotherDescriptorOfTheSameEventfd) {
  auto bell = Doorbell::Create();
  ASSERT_TRUE(bell.ok());
  const Doorbell other(base::UniqueFd(::fcntl(bell.value().fd(), F_DUPFD_CLOEXEC, 0)));
  other.Ring();
  EXPECT_TRUE(IsReadable(bell.value().fd()));
}

TEST(DoorbellTest, IsNotInheritedAndClosesWithItsOwner) {
  int fd = -1;
  {
    auto bell = Doorbell::Create();
    ASSERT_TRUE(bell.ok());
    fd = bell.value().fd();
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  }
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

}  // namespace
}  // namespace nasgi::shm
