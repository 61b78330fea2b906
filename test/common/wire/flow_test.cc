#include "wire/flow.h"

#include <gtest/gtest.h>

namespace nasgi::wire {
namespace {

TEST(FlowTest, AWindowSpentAndConsumedIsWholeAgain) {
  SendWindow sender;
  ReceiveWindow receiver;
  size_t moved = 0;
  while (moved < size_t{10} * kWindow) {
    const size_t size = std::min<size_t>(sender.available(), 50000);
    ASSERT_GT(size, 0U);
    sender.Spend(size);
    ASSERT_TRUE(receiver.Receive(size));
    const uint32_t credit = receiver.Consume(size);
    ASSERT_TRUE(sender.Open(credit));
    moved += size;
  }
  // What has not been given back is less than a quantum.
  EXPECT_GT(sender.available(), kWindow - kCreditQuantum);
}

TEST(FlowTest, AnUnreadBodyHoldsItsWindow) {
  SendWindow sender;
  ReceiveWindow receiver;
  sender.Spend(kWindow);
  ASSERT_TRUE(receiver.Receive(kWindow));
  EXPECT_EQ(sender.available(), 0U);
  EXPECT_EQ(receiver.Consume(kCreditQuantum - 1), 0U);
  EXPECT_EQ(receiver.Consume(1), kCreditQuantum);
  EXPECT_FALSE(receiver.Receive(kCreditQuantum + 1));
  EXPECT_TRUE(receiver.Receive(kCreditQuantum));
}

TEST(FlowTest, OverrunsOfThePeerAreRefused) {
  SendWindow sender;
  EXPECT_FALSE(sender.Open(1));
  sender.Spend(10);
  EXPECT_FALSE(sender.Open(11));
  EXPECT_FALSE(sender.Open(0xffffffff));
  EXPECT_TRUE(sender.Open(10));
  ReceiveWindow receiver;
  EXPECT_FALSE(receiver.Receive(kWindow + 1));
  EXPECT_FALSE(receiver.Receive(SIZE_MAX));
}

TEST(FlowTest, ConsumingMoreThanWasReceivedGivesNoCreditForIt) {
  ReceiveWindow receiver;
  ASSERT_TRUE(receiver.Receive(kCreditQuantum));
  EXPECT_EQ(receiver.Consume(size_t{5} * kWindow), kCreditQuantum);
  EXPECT_EQ(receiver.Consume(kWindow), 0U);
}

}  // namespace
}  // namespace nasgi::wire
