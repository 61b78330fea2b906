#include "base/packet_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "support/child_process.h"
#include "support/poll.h"

namespace nasgi::base {
namespace {

constexpr size_t kMaxBytes = 64 * 1024;
constexpr size_t kMaxTaken = 2;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string Text(const Packet& packet) {
  return {reinterpret_cast<const char*>(packet.bytes.data()), packet.bytes.size()};
}

UniqueFd OpenNull() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

class PacketSocketTest : public testing::Test {
 protected:
  PacketSocketTest() : sockets_(MakePacketSockets(kMaxBytes).value()) {}

  Status Send(std::string_view text, std::span<const int> fds = {}, Wait wait = Wait::kNo) {
    return SendPacket(sockets_.other.get(), Bytes(text), fds, wait);
  }
  Result<Packet> Receive(Wait wait = Wait::kNo) {
    return receiver_.Receive(sockets_.one.get(), wait);
  }

  SocketPair sockets_;
  PacketReceiver receiver_{kMaxBytes, kMaxTaken};
};

TEST_F(PacketSocketTest, PacketsArriveWholeAndInOrder) {
  const std::string longest(kMaxBytes, 'x');
  for (const std::string& text : {std::string("a"), longest, std::string("bc")}) {
    ASSERT_TRUE(Send(text).ok());
  }
  EXPECT_EQ(Text(Receive().value()), "a");
  EXPECT_EQ(Text(Receive().value()), longest);
  EXPECT_EQ(Text(Receive().value()), "bc");
}

TEST_F(PacketSocketTest, BothEndsSendAndReceive) {
  ASSERT_TRUE(SendPacket(sockets_.one.get(), Bytes("to other"), {}, Wait::kNo).ok());
  ASSERT_TRUE(Send("to one").ok());
  PacketReceiver other(kMaxBytes, kMaxTaken);
  EXPECT_EQ(Text(other.Receive(sockets_.other.get(), Wait::kNo).value()), "to other");
  EXPECT_EQ(Text(Receive().value()), "to one");
}

TEST_F(PacketSocketTest, DescriptorsArriveWithTheirPacketAndAreNotInherited) {
  const UniqueFd file = OpenNull();
  const std::vector<int> two = {file.get(), file.get()};
  ASSERT_TRUE(Send("none").ok());
  ASSERT_TRUE(Send("two", two).ok());
  ASSERT_TRUE(Send("one", std::span(two).first(1)).ok());
  EXPECT_TRUE(Receive().value().fds.empty());
  const auto received = Receive();
  EXPECT_EQ(Text(received.value()), "two");
  ASSERT_EQ(received.value().fds.size(), 2u);
  for (const UniqueFd& fd : received.value().fds) {
    EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
  }
  EXPECT_EQ(Receive().value().fds.size(), 1u);
}

TEST_F(PacketSocketTest, MoreDescriptorsThanWantedAreReportedAndNotLeftOpen) {
  const UniqueFd file = OpenNull();
  ASSERT_TRUE(Send("x", std::vector<int>(kMaxTaken + 2, file.get())).ok());
  ASSERT_TRUE(Send("y").ok());
  EXPECT_TRUE(Receive().value().lost_fds);
  EXPECT_FALSE(Receive().value().lost_fds) << "of another packet";
}

TEST_F(PacketSocketTest, WithoutRoomForDescriptorsThePacketArrives) {
  ASSERT_TRUE(Send("x", std::vector<int>{OpenNull().get()}).ok());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto received = Receive();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(received.ok()) << received.status().message();
  EXPECT_EQ(Text(received.value()), "x");
  EXPECT_TRUE(received.value().fds.empty());
  EXPECT_TRUE(received.value().lost_fds);
}

TEST_F(PacketSocketTest, AnEmptySocketDoesNotBlock) {
  EXPECT_EQ(Receive().status().error_number(), EAGAIN);
}

TEST_F(PacketSocketTest, AFullSocketDoesNotBlock) {
  const std::string text(1000, 'x');
  int sent = 0;
  Status status;
  while ((status = Send(text)).ok()) ++sent;
  EXPECT_EQ(status.error_number(), EAGAIN);
  EXPECT_GT(sent, 60) << "one packet of the largest size";
  for (int i = 0; i < sent; ++i) ASSERT_EQ(Text(Receive().value()), text);
}

TEST_F(PacketSocketTest, WhatWasSentArrivesAfterTheSenderHasEnded) {
  ASSERT_TRUE(Send("last").ok());
  sockets_.other.reset();
  EXPECT_EQ(Text(Receive().value()), "last");
  EXPECT_TRUE(test::IsReadable(sockets_.one.get()));
  EXPECT_TRUE(Receive().value().bytes.empty());
  EXPECT_TRUE(Receive(Wait::kYes).value().bytes.empty());
}

TEST_F(PacketSocketTest, NobodyReceivesWithoutSigpipe) {
  sockets_.one.reset();
  EXPECT_EQ(Send("x").error_number(), EPIPE);
}

TEST_F(PacketSocketTest, APacketThatIsTooLongIsRefused) {
  PacketReceiver receiver(3, 0);
  ASSERT_TRUE(Send("four").ok());
  EXPECT_EQ(receiver.Receive(sockets_.one.get(), Wait::kNo).status().code(),
            Status::Code::kCorrupt);
}

TEST_F(PacketSocketTest, BothSidesWaitForEachOther) {
  constexpr int kPackets = 50;
  const std::string longest(kMaxBytes, 'x');
  test::ChildProcess sender([&] {
    for (int i = 0; i < kPackets; ++i) {
      if (!Send(longest, {}, Wait::kYes).ok()) return 1;
    }
    return 0;
  });
  for (int i = 0; i < kPackets; ++i) {
    const auto received = Receive(Wait::kYes);
    ASSERT_TRUE(received.ok()) << received.status().message();
    ASSERT_EQ(received.value().bytes.size(), kMaxBytes);
  }
  EXPECT_EQ(sender.Wait(), 0);
}

TEST_F(PacketSocketTest, AReceiverThatDoesNotWaitGetsWholePacketsOnly) {
  constexpr int kPackets = 50;
  const std::string longest(kMaxBytes, 'x');
  test::ChildProcess sender([&] {
    for (int i = 0; i < kPackets; ++i) {
      if (!Send(longest, {}, Wait::kYes).ok()) return 1;
    }
    return 0;
  });
  for (int taken = 0; taken < kPackets;) {
    const auto received = Receive();
    if (received.status().error_number() == EAGAIN) continue;
    ASSERT_TRUE(received.ok()) << received.status().message();
    ASSERT_EQ(received.value().bytes.size(), kMaxBytes);
    ++taken;
  }
  EXPECT_EQ(sender.Wait(), 0);
}

}  // namespace
}  // namespace nasgi::base
