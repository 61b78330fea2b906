// What an endpoint sends and drains, and what a hostile peer cannot do to it.
// endpoint_bells_test.cc has the rules of sleeping and waking.

#include "shm/endpoint.h"

#include "support/endpoint_fixture.h"

namespace nasgi::shm {
namespace {

using Drained = Endpoint::Drained;
using test::IsReadable;

TEST_F(EndpointTest, RecordsArriveInOrderInBothDirections) {
  ASSERT_TRUE(SendText(*node_, "one").ok());
  ASSERT_TRUE(SendText(*node_, "").ok());
  ASSERT_TRUE(SendText(*node_, "three").ok());
  ASSERT_TRUE(SendText(*worker_, "back").ok());
  EXPECT_EQ(Serve(*worker_), (Texts{"one", "", "three"}));
  EXPECT_EQ(Serve(*node_), (Texts{"back"}));
}

TEST_F(EndpointTest, DrainStopsAtItsLimit) {
  for (const char* text : {"a", "b", "c"}) ASSERT_TRUE(SendText(*node_, text).ok());
  Texts records;
  EXPECT_EQ(Collect(*worker_, 0, &records), Drained::kMore);
  EXPECT_EQ(Collect(*worker_, 2, &records), Drained::kMore);
  EXPECT_EQ(records, (Texts{"a", "b"}));
  EXPECT_EQ(Collect(*worker_, 1, &records), Drained::kEmpty)
      << "the limit is reached, and nothing is left";
  EXPECT_EQ(Collect(*worker_, 1, &records), Drained::kEmpty);
  EXPECT_EQ(records, (Texts{"a", "b", "c"}));
}

TEST_F(EndpointTest, PackMayWriteLessThanItsBound) {
  ASSERT_TRUE(node_
                  ->Send(500,
                         [](std::span<std::byte> room) {
                           EXPECT_GE(room.size(), 500u);
                           room[0] = std::byte{'x'};
                           return size_t{1};
                         })
                  .ok());
  EXPECT_EQ(Serve(*worker_), (Texts{"x"}));
}

TEST_F(EndpointTest, RecordOverTheLimitIsRefusedBeforePacking) {
  bool packed = false;
  const auto pack = [&](std::span<std::byte>) {
    packed = true;
    return size_t{0};
  };
  const base::Status status = node_->Send(node_->max_record() + 1, pack);
  EXPECT_EQ(status.code(), base::Status::Code::kTooLarge);
  EXPECT_FALSE(packed);
  EXPECT_FALSE(node_->corrupt());
  EXPECT_TRUE(SendText(*node_, std::string(node_->max_record(), 'm')).ok());
}

TEST_F(EndpointTest, PackBeyondItsBoundSendsNothing) {
  const auto lie = [](std::span<std::byte>) { return size_t{11}; };
  EXPECT_EQ(node_->Send(10, lie).code(), base::Status::Code::kInvalidArgument);
  const size_t sent = static_cast<size_t>(Fill(*node_, 100));
  const size_t waiting = node_->backlog_bytes();
  EXPECT_EQ(node_->Send(10, lie).code(), base::Status::Code::kInvalidArgument);
  EXPECT_EQ(node_->backlog_bytes(), waiting);
  EXPECT_EQ(Serve(*worker_).size(), sent - 1);
  Serve(*node_);
  EXPECT_EQ(Serve(*worker_).size(), 1u);
}

TEST_F(EndpointTest, SmallRecordDoesNotOvertakeTheBacklog) {
  const std::string large(node_->max_record(), 'L');
  ASSERT_TRUE(SendText(*node_, large).ok());
  ASSERT_TRUE(SendText(*node_, std::string(1000, 'M')).ok());
  ASSERT_TRUE(SendText(*node_, large).ok());    // waits
  ASSERT_TRUE(SendText(*node_, "small").ok());  // would fit
  EXPECT_EQ(node_->backlog_bytes(), RecordBytes(large.size()) + RecordBytes(5));
  EXPECT_EQ(Serve(*worker_), (Texts{large, std::string(1000, 'M')}));
  EXPECT_EQ(Serve(*node_), Texts{});
  EXPECT_EQ(node_->backlog_bytes(), 0u);
  EXPECT_EQ(Serve(*worker_), (Texts{large, "small"}));
}

TEST_F(EndpointTest, EmptyRecordInTheBacklogCounts) {
  Fill(*node_, node_->max_record());
  Serve(*worker_);
  Serve(*node_);
  ASSERT_EQ(node_->backlog_bytes(), 0u);
  ASSERT_TRUE(SendText(*node_, std::string(node_->max_record() - 8, 'x')).ok());
  ASSERT_TRUE(SendText(*node_, "").ok());  // the last 8 bytes
  ASSERT_EQ(node_->backlog_bytes(), 0u);
  ASSERT_TRUE(SendText(*node_, "").ok());
  EXPECT_NE(node_->backlog_bytes(), 0u);
}

TEST_F(EndpointTest, NestedDrainIsBusyAndHarmless) {
  ASSERT_TRUE(SendText(*node_, "a").ok());
  ASSERT_TRUE(SendText(*node_, "b").ok());
  Texts records;
  EXPECT_EQ(worker_->Drain(kAll,
                           [&](std::span<const std::byte> record) {
                             EXPECT_EQ(Collect(*worker_, kAll, &records), Drained::kBusy);
                             records.emplace_back(reinterpret_cast<const char*>(record.data()),
                                                  record.size());
                             return true;
                           }),
            Drained::kEmpty);
  EXPECT_EQ(records, (Texts{"a", "b"}));
}

TEST_F(EndpointTest, TellsHowFullTheRingsAre) {
  EXPECT_EQ(node_->usage().sending, 0u);
  ASSERT_TRUE(SendText(*node_, "12345678").ok());
  EXPECT_EQ(node_->usage().sending, 16u);
  EXPECT_EQ(worker_->usage().receiving, 16u);
  EXPECT_EQ(Serve(*worker_), (Texts{"12345678"}));
  EXPECT_EQ(node_->usage().sending, 0u);
  EXPECT_EQ(worker_->usage().receiving, 0u);
  Fill(*node_, 8);
  EXPECT_EQ(node_->usage().sending, kCapacity);
}

// --- a hostile peer -------------------------------------------------------------------------

TEST_F(EndpointTest, MalformedPayloadIsCorruptForGood) {
  ASSERT_TRUE(SendText(*node_, "a").ok());
  ASSERT_TRUE(SendText(*node_, "b").ok());
  int calls = 0;
  const auto refuse = [&](std::span<const std::byte>) { return ++calls < 0; };
  EXPECT_EQ(worker_->Drain(kAll, refuse), Drained::kCorrupt);
  EXPECT_EQ(worker_->Drain(kAll, refuse), Drained::kCorrupt);
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(worker_->corrupt());
  EXPECT_FALSE(worker_->Sleep());
  EXPECT_EQ(SendText(*worker_, "x").code(), base::Status::Code::kCorrupt);
}

TEST_F(EndpointTest, HostileTailKeepsItFromSleepAndEndsTheDrain) {
  connection_.segment().response_ring().header->tail.store(kCapacity + 8);
  EXPECT_FALSE(node_->Sleep());
  EXPECT_EQ(node_->Drain(kAll, [](auto) { return true; }), Drained::kCorrupt);
}

TEST_F(EndpointTest, HostileHeadFailsTheSendAndEndsTheDrain) {
  Fill(*node_, 100);
  connection_.segment().request_ring().header->head.store(UINT64_MAX - 7);
  node_->Wake();
  EXPECT_TRUE(node_->corrupt());
  EXPECT_EQ(SendText(*node_, "x").code(), base::Status::Code::kCorrupt);
  EXPECT_FALSE(node_->Sleep());
  EXPECT_EQ(node_->Drain(kAll, [](auto) { return true; }), Drained::kCorrupt);
}

TEST_F(EndpointTest, HostileHeadFoundOnTheWayToSleepKeepsItAwake) {
  node_->Wake();
  Fill(*node_, 100);
  connection_.segment().request_ring().header->head.store(4);
  EXPECT_FALSE(node_->Sleep());
  EXPECT_EQ(node_->Drain(kAll, [](auto) { return true; }), Drained::kCorrupt);
}

TEST_F(EndpointTest, PeerThatClosesItsBellHasLeft) {
  auto bells = Doorbell::CreatePair();
  ASSERT_TRUE(bells.ok());
  Endpoint node(connection_.segment(), Side::kNode, std::move(bells.value().one));
  ASSERT_TRUE(SendText(*worker_, "its last").ok());
  node.Wake();
  EXPECT_FALSE(node.peer_left());
  {
    const Doorbell closed = std::move(bells.value().other);
  }
  EXPECT_TRUE(IsReadable(node.bell_fd()));
  EXPECT_EQ(Serve(node), (Texts{"its last"}));
  EXPECT_TRUE(node.peer_left());
  EXPECT_TRUE(SendText(node, "to nobody").ok());
}

TEST_F(EndpointTest, RecordsThatNobodyRangForAreThereToBeSeen) {
  // As of a peer that takes the flag and does not ring.
  connection_.segment().response_ring().header->consumer_sleeps.store(0);
  ASSERT_TRUE(SendText(*worker_, "silent").ok());
  EXPECT_FALSE(NodeRings());
  EXPECT_TRUE(node_->HasRecord());
  EXPECT_EQ(Serve(*node_), (Texts{"silent"}));
}

TEST_F(EndpointTest, AHostilePositionIsNoMoreThanAFullRing) {
  auto* requests = connection_.segment().request_ring().header;
  auto* responses = connection_.segment().response_ring().header;
  for (const uint64_t position : {uint64_t{8}, uint64_t{3}, uint64_t{1} << 63, UINT64_MAX}) {
    requests->head.store(position);
    responses->tail.store(position);
    EXPECT_LE(node_->usage().sending, kCapacity);
    EXPECT_LE(node_->usage().receiving, kCapacity);
  }
}

TEST_F(EndpointTest, HostileFlagsCostBellsOnly) {
  for (const uint32_t value : {0u, 2u, 0xFFFF'FFFFu}) {
    auto* ring = connection_.segment().request_ring().header;
    ring->consumer_sleeps.store(value);
    ring->producer_waits.store(value);
    ASSERT_TRUE(SendText(*node_, "a").ok());
    EXPECT_EQ(Serve(*worker_), (Texts{"a"}));
    Serve(*node_);
  }
}

}  // namespace
}  // namespace nasgi::shm
