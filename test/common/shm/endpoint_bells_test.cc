// Who rings whose bell, and who may sleep. endpoint_stress_test.cc looks for what only happens
// between processors.

#include <unistd.h>

#include <algorithm>
#include <array>

#include "support/endpoint_fixture.h"

namespace nasgi::shm {
namespace {

using Drained = Endpoint::Drained;
using test::IsReadable;

// A ring is the time at which it was rung.
constexpr ssize_t kRingBytes = 8;

TEST_F(EndpointTest, BornAsleepAndSilent) {
  EXPECT_FALSE(NodeRings());
  EXPECT_FALSE(WorkerRings());
  ASSERT_TRUE(SendText(*worker_, "first").ok());
  EXPECT_TRUE(NodeRings()) << "nobody has called Sleep";
}

TEST_F(EndpointTest, BornRingingWhenRecordsWaitAlready) {
  const test::Connection connection(kCapacity);
  const auto node = connection.Open(Side::kNode);
  ASSERT_TRUE(SendText(*node, "sent before the worker attached").ok());
  const auto worker = connection.Attach(Side::kWorker);
  EXPECT_TRUE(IsReadable(worker->bell_fd()));
  EXPECT_EQ(Serve(*worker).size(), 1u);
}

TEST_F(EndpointTest, SleepingConsumerIsRungOnceNotPerRecord) {
  ASSERT_TRUE(SendText(*node_, "a").ok());
  ASSERT_TRUE(WorkerRings());
  ASSERT_TRUE(SendText(*node_, "b").ok());
  ASSERT_TRUE(SendText(*node_, "c").ok());
  std::array<char, 64> rings{};
  ASSERT_EQ(::read(worker_->bell_fd(), rings.data(), rings.size()), kRingBytes);
  EXPECT_EQ(Serve(*worker_).size(), 3u);
}

TEST_F(EndpointTest, AwakeConsumerIsNotRung) {
  worker_->Wake();
  ASSERT_TRUE(SendText(*node_, "a").ok());
  EXPECT_FALSE(WorkerRings());
  Texts records;
  EXPECT_EQ(worker_->Drain(kAll,
                           [&](std::span<const std::byte>) {
                             if (records.empty()) {
                               records.emplace_back();
                               EXPECT_TRUE(SendText(*node_, "during the drain").ok());
                               EXPECT_FALSE(WorkerRings());
                             }
                             return true;
                           }),
            Drained::kEmpty);
  EXPECT_TRUE(worker_->Sleep());
  ASSERT_TRUE(SendText(*node_, "b").ok());
  EXPECT_TRUE(WorkerRings());
}

TEST_F(EndpointTest, NoSleepOverARecordPublishedAfterTheLastLook) {
  worker_->Wake();
  Texts records;
  ASSERT_EQ(Collect(*worker_, kAll, &records), Drained::kEmpty);
  ASSERT_TRUE(SendText(*node_, "in between").ok());
  EXPECT_FALSE(WorkerRings()) << "it is awake";
  EXPECT_FALSE(worker_->Sleep());
  ASSERT_TRUE(SendText(*node_, "and another").ok());
  EXPECT_FALSE(WorkerRings()) << "a failed Sleep leaves it awake";
  EXPECT_EQ(Collect(*worker_, kAll, &records), Drained::kEmpty);
  EXPECT_EQ(records.size(), 2u);
  EXPECT_TRUE(worker_->Sleep());
}

TEST_F(EndpointTest, NoSleepOverRoomThatAppearedAfterTheLastLook) {
  node_->Wake();
  const int sent = Fill(*node_, 100);
  Texts records;
  ASSERT_EQ(Collect(*worker_, kAll, &records), Drained::kEmpty);
  EXPECT_FALSE(NodeRings()) << "it is awake and has announced nothing";
  EXPECT_FALSE(node_->Sleep());
  ASSERT_EQ(Collect(*node_, kAll, &records), Drained::kEmpty);
  EXPECT_EQ(node_->backlog_bytes(), 0u);
  EXPECT_TRUE(node_->Sleep());
  ASSERT_EQ(Collect(*worker_, kAll, &records), Drained::kEmpty);
  EXPECT_EQ(records.size(), static_cast<size_t>(sent));
}

TEST_F(EndpointTest, RoomRingsASenderThatFilledTheRingWhileAsleep) {
  const int sent = Fill(*node_, 100);  // without Wake and Sleep, as from a timer
  EXPECT_FALSE(NodeRings());
  EXPECT_EQ(Serve(*worker_).size(), static_cast<size_t>(sent) - 1);
  EXPECT_TRUE(NodeRings());
  Serve(*node_);
  EXPECT_EQ(node_->backlog_bytes(), 0u);
  EXPECT_EQ(Serve(*worker_).size(), 1u);
}

TEST_F(EndpointTest, RoomRingsASenderThatWentToSleepOverABacklog) {
  node_->Wake();
  Fill(*node_, 100);
  EXPECT_TRUE(node_->Sleep());
  Serve(*worker_);
  EXPECT_TRUE(NodeRings());
}

TEST_F(EndpointTest, RoomIsAskedForAgainWhenItWasNotEnough) {
  // Three records fit, and the first one of the backlog needs the room of all three.
  const std::string third(kCapacity / 4 - 8, 't');
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(SendText(*node_, third).ok());
  ASSERT_TRUE(SendText(*node_, std::string(node_->max_record(), 'L')).ok());
  ASSERT_NE(node_->backlog_bytes(), 0u);
  for (int round = 0; round < 2; ++round) {
    Texts records;
    ASSERT_EQ(Collect(*worker_, 1, &records), Drained::kMore);
    EXPECT_TRUE(NodeRings()) << round;
    EXPECT_EQ(Serve(*node_), Texts{});
    EXPECT_EQ(node_->backlog_bytes() == 0, round == 1) << "the record needs half of the ring";
  }
}

TEST_F(EndpointTest, OneWakeServesEveryConditionThatRang) {
  // The node sleeps with a backlog. Then both a record and room for the backlog appear, which is
  // one bell for two reasons. Clearing it for one of them must not lose the other.
  const int sent = Fill(*node_, 100);
  ASSERT_TRUE(SendText(*worker_, "answer").ok());
  EXPECT_EQ(Serve(*worker_).size(), static_cast<size_t>(sent) - 1);
  ASSERT_TRUE(NodeRings());
  ASSERT_FALSE(WorkerRings());
  EXPECT_EQ(Serve(*node_), (Texts{"answer"}));
  EXPECT_EQ(node_->backlog_bytes(), 0u);
  EXPECT_FALSE(NodeRings());
  EXPECT_TRUE(WorkerRings()) << "the worker sleeps and the backlog has been flushed";
  EXPECT_EQ(Serve(*worker_).size(), 1u);
}

TEST_F(EndpointTest, BellSwallowedByWakeIsNotMissed) {
  ASSERT_TRUE(SendText(*node_, "a").ok());
  worker_->Wake();  // clears the bell for "a" before a drain
  EXPECT_FALSE(WorkerRings());
  EXPECT_FALSE(worker_->Sleep()) << "the record is still there";
  Texts records;
  EXPECT_EQ(Collect(*worker_, kAll, &records), Drained::kEmpty);
  EXPECT_EQ(records, (Texts{"a"}));
  EXPECT_TRUE(worker_->Sleep());
}

TEST_F(EndpointTest, LongDrainGivesRoomBackOnItsWay) {
  Fill(*node_, 100);
  size_t consumed = 0;
  bool rang = false;
  size_t rang_at = 0;
  EXPECT_EQ(worker_->Drain(kAll,
                           [&](std::span<const std::byte> record) {
                             if (!rang && NodeRings()) {
                               rang = true;
                               rang_at = consumed;
                             }
                             consumed += RecordBytes(record.size());
                             return true;
                           }),
            Drained::kEmpty);
  EXPECT_TRUE(rang) << "during the drain, not after it";
  EXPECT_GE(rang_at, kCapacity / 4);
  EXPECT_LT(rang_at, kCapacity / 2);
}

TEST_F(EndpointTest, LongDrainSendsItsOwnBacklogOnItsWay) {
  // An echo under backpressure: the node takes the answers while the worker drains. They stream
  // within one drain. Without the flush during the drain, the worker's backlog would only grow.
  const int sent = Fill(*node_, 100) - 1;
  Fill(*worker_, 100);
  worker_->Wake();
  Texts answers;
  size_t largest = 0;
  EXPECT_EQ(worker_->Drain(kAll,
                           [&](std::span<const std::byte> record) {
                             EXPECT_TRUE(SendText(*worker_, std::string(record.size(), 'e')).ok());
                             largest = std::max(largest, worker_->backlog_bytes());
                             EXPECT_EQ(Collect(*node_, kAll, &answers), Drained::kEmpty);
                             return true;
                           }),
            Drained::kEmpty);
  EXPECT_LT(largest, static_cast<size_t>(sent) * 100 / 2);
}

TEST_F(EndpointTest, EveryWayOutOfADrainReleasesAndRings) {
  const struct {
    const char* name;
    size_t max;
    bool malformed;
    Drained expected;
  } exits[] = {{"limit", 1, false, Drained::kMore},
               {"empty", kAll, false, Drained::kEmpty},
               {"malformed", kAll, true, Drained::kCorrupt}};
  for (const auto& exit : exits) {
    SCOPED_TRACE(exit.name);
    const test::Connection connection(kCapacity);
    const auto node = connection.Open(Side::kNode);
    const auto worker = connection.Open(Side::kWorker);
    Fill(*node, 200);
    int records = 0;
    EXPECT_EQ(worker->Drain(
                  exit.max,
                  [&](std::span<const std::byte>) { return ++records != 2 || !exit.malformed; }),
              exit.expected);
    EXPECT_TRUE(IsReadable(node->bell_fd()));
    EXPECT_GT(connection.segment().request_ring().header->head.load(), 0u);
  }
}

TEST_F(EndpointTest, PollingWithoutWakeKeepsTheBellsRight) {
  // handleRequestSync and spinning drain while asleep.
  Texts records;
  EXPECT_EQ(Collect(*worker_, kAll, &records), Drained::kEmpty);
  ASSERT_TRUE(SendText(*node_, "a").ok());
  EXPECT_EQ(Collect(*worker_, kAll, &records), Drained::kEmpty);
  EXPECT_EQ(records, (Texts{"a"}));
  ASSERT_TRUE(SendText(*node_, "b").ok());
  EXPECT_TRUE(WorkerRings());
  EXPECT_EQ(Serve(*worker_), (Texts{"b"}));
}

// --- bells that are held ---------------------------------------------------------------------

TEST_F(EndpointTest, HeldBellRingsWhenSomeRecordsHaveCome) {
  int sent = 0;
  for (; !WorkerRings(); ++sent) {
    ASSERT_LT(sent, 100);
    ASSERT_TRUE(SendHeld(*node_, "x").ok());
    EXPECT_NE(node_->holds_bell(), WorkerRings());
  }
  EXPECT_GT(sent, 1);
  EXPECT_EQ(Serve(*worker_).size(), static_cast<size_t>(sent));
}

TEST_F(EndpointTest, HeldBellRingsWithARecordThatHoldsNone) {
  ASSERT_TRUE(SendHeld(*node_, "one").ok());
  EXPECT_FALSE(WorkerRings());
  ASSERT_TRUE(SendText(*node_, "two").ok());
  EXPECT_TRUE(WorkerRings());
  EXPECT_FALSE(node_->holds_bell());
}

TEST_F(EndpointTest, HeldBellRingsWhenAskedFor) {
  ASSERT_TRUE(SendHeld(*node_, "one").ok());
  node_->RingHeld();
  EXPECT_TRUE(WorkerRings());
  EXPECT_EQ(Serve(*worker_), Texts{"one"});
  node_->RingHeld();
  EXPECT_FALSE(WorkerRings()) << "only once";
}

TEST_F(EndpointTest, HeldBellRingsBeforeTheSenderSleeps) {
  ASSERT_TRUE(SendHeld(*node_, "one").ok());
  EXPECT_TRUE(node_->Sleep());
  EXPECT_TRUE(WorkerRings());
}

TEST_F(EndpointTest, NoBellIsHeldForAPeerThatIsAwake) {
  worker_->Wake();
  ASSERT_TRUE(SendHeld(*node_, "one").ok());
  EXPECT_FALSE(node_->holds_bell());
}

}  // namespace
}  // namespace nasgi::shm
