#include "wire/flow.h"

#include <gtest/gtest.h>

#include <vector>

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
  // Less than a quantum has not been given back.
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

// Moves a message through a window that the receiver opens again, and returns the pieces.
std::vector<Piece> PiecesOf(size_t message, SendWindow window) {
  std::vector<Piece> pieces;
  size_t rest = message;
  while (pieces.empty() || !pieces.back().end) {
    const Piece piece = NextPiece(rest, window);
    if (piece.blocked()) {
      const size_t spent = kWindow - window.available();
      EXPECT_GT(spent, 0U) << "blocked by a whole window";
      if (spent == 0 || !window.Open(static_cast<uint32_t>(spent))) break;
      continue;
    }
    EXPECT_LE(piece.size, kMaxChunk);
    EXPECT_LE(piece.cost(), window.available());
    EXPECT_LE(piece.size, rest);
    window.Spend(piece.cost());
    rest -= piece.size;
    pieces.push_back(piece);
  }
  EXPECT_EQ(rest, 0U);
  return pieces;
}

TEST(FlowTest, AMessageEndsOnceWithAllItsBytes) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{kMaxChunk}, size_t{kMaxChunk} + 1,
                            size_t{kWindow}, size_t{3} * kWindow + 7}) {
    for (const size_t room : {size_t{0}, size_t{1}, size_t{kMessageOverhead},
                              size_t{kMessageOverhead} + 1, size_t{kMaxChunk}, size_t{kWindow}}) {
      SCOPED_TRACE(testing::Message() << size << " bytes, room for " << room);
      SendWindow window;
      window.Spend(kWindow - room);
      const std::vector<Piece> pieces = PiecesOf(size, window);
      ASSERT_FALSE(pieces.empty());
      for (size_t i = 0; i + 1 < pieces.size(); ++i) EXPECT_FALSE(pieces[i].end);
      EXPECT_TRUE(pieces.back().end);
    }
  }
}

TEST(FlowTest, OnlyTheEndOfAMessageCostsItsOverhead) {
  EXPECT_EQ(MessageCost(0, false), 0U);
  EXPECT_EQ(MessageCost(100, false), 100U);
  EXPECT_EQ(MessageCost(100, true), 100U + kMessageOverhead);
}

TEST(FlowTest, AnEmptyMessageCostsItsOverhead) {
  SendWindow window;
  window.Spend(kWindow - kMessageOverhead + 1);
  EXPECT_TRUE(NextPiece(0, window).blocked());
  ASSERT_TRUE(window.Open(1));
  EXPECT_TRUE(NextPiece(0, window).end);
  EXPECT_EQ(NextPiece(0, window).cost(), kMessageOverhead);
}

TEST(FlowTest, ALongHintFitsTheWindowOnceAllBeforeItIsConsumed) {
  SendWindow sender;
  ReceiveWindow receiver;
  for (const size_t size : {size_t{1}, kMaxHead, size_t{1000}, kMaxHead}) {
    const size_t cost = HintCost(size);
    ASSERT_LE(cost, sender.available());
    sender.Spend(cost);
    ASSERT_TRUE(receiver.Receive(cost));
    ASSERT_TRUE(sender.Open(receiver.Consume(cost)));
  }
  EXPECT_EQ(HintCost(0), kMessageOverhead);
}

}  // namespace
}  // namespace nasgi::wire
