// Both ends of a connection in one thread, stepped by hand, so each rule of sleeping and waking is
// tested without chance. endpoint_stress_test.cc looks for what only happens between processors.

#include "shm/endpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "support/connection.h"
#include "support/poll.h"

namespace nasgi::shm {
namespace {

using Drained = Endpoint::Drained;
using test::IsReadable;

const size_t kCapacity = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
constexpr size_t kAll = SIZE_MAX;
// A ring is the time at which it was rung.
constexpr ssize_t kRingBytes = 8;

class EndpointTest : public testing::Test {
 protected:
  EndpointTest() : node_(connection_.Open(Side::kNode)), worker_(connection_.Open(Side::kWorker)) {}

  static base::Status SendText(Endpoint& from, const std::string& text) {
    return from.Send(text.size(), [&](std::span<std::byte> room) {
      std::memcpy(room.data(), text.data(), text.size());
      return text.size();
    });
  }

  static base::Status SendHeld(Endpoint& from, const std::string& text) {
    return from.Send(
        text.size(),
        [&](std::span<std::byte> room) {
          std::memcpy(room.data(), text.data(), text.size());
          return text.size();
        },
        Bell::kHeld);
  }

  // Sends records of `size` bytes until the first one has to wait.
  static int Fill(Endpoint& from, size_t size) {
    int sent = 0;
    while (from.backlog_bytes() == 0) {
      EXPECT_TRUE(SendText(from, std::string(size, static_cast<char>('a' + sent % 26))).ok());
      ++sent;
    }
    return sent;
  }

  // What a process does when its bell rings.
  std::vector<std::string> Serve(Endpoint& endpoint) {
    std::vector<std::string> records;
    endpoint.Wake();
    do {
      EXPECT_EQ(Collect(endpoint, kAll, &records), Drained::kEmpty);
    } while (!endpoint.Sleep());
    return records;
  }

  static Drained Collect(Endpoint& endpoint, size_t max, std::vector<std::string>* records) {
    return endpoint.Drain(max, [&](std::span<const std::byte> record) {
      records->emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
      return true;
    });
  }

  bool NodeRings() const { return IsReadable(node_->bell_fd()); }
  bool WorkerRings() const { return IsReadable(worker_->bell_fd()); }

  test::Connection connection_{kCapacity};
  std::unique_ptr<Endpoint> node_;
  std::unique_ptr<Endpoint> worker_;
};

using Texts = std::vector<std::string>;

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

// --- records --------------------------------------------------------------------------------

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

// --- bells ----------------------------------------------------------------------------------

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
