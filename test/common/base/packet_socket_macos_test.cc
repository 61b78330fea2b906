// What can go wrong with packets in a stream. macOS itself is not needed for it.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/packet_socket.h"

namespace nasgi::base {
namespace {

constexpr size_t kMaxBytes = 100;

class PacketStreamTest : public testing::Test {
 protected:
  PacketStreamTest() : sockets_(MakePacketSockets(kMaxBytes).value()) {}

  // Sends bytes as a process might that does not keep to SendPacket().
  void SendRaw(const void* bytes, size_t size) {
    ASSERT_EQ(::send(sockets_.other.get(), bytes, size, 0), static_cast<ssize_t>(size));
  }
  void SendLength(uint32_t length) { SendRaw(&length, sizeof(length)); }
  Result<Packet> Receive() { return receiver_.Receive(sockets_.one.get(), Wait::kNo); }

  SocketPair sockets_;
  PacketReceiver receiver_{kMaxBytes, 1};
};

TEST_F(PacketStreamTest, APacketInPiecesIsPutTogether) {
  std::array<char, 8> bytes{};
  const uint32_t length = 4;
  std::memcpy(bytes.data(), &length, sizeof(length));
  std::memcpy(bytes.data() + 4, "text", 4);
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(Receive().status().error_number(), EAGAIN) << i;
    SendRaw(&bytes[i], 1);
  }
  const auto received = Receive();
  ASSERT_TRUE(received.ok()) << received.status().message();
  EXPECT_EQ(std::memcmp(received.value().bytes.data(), "text", 4), 0);
}

TEST_F(PacketStreamTest, LengthsThatNobodySendsAreRefused) {
  for (const uint32_t length : {0U, static_cast<uint32_t>(kMaxBytes) + 1, UINT32_MAX}) {
    PacketReceiver fresh(kMaxBytes, 1);
    SendLength(length);
    EXPECT_EQ(fresh.Receive(sockets_.one.get(), Wait::kNo).status().code(), Status::Code::kCorrupt)
        << length;
  }
}

TEST_F(PacketStreamTest, TheEndInTheMiddleOfAPacketIsTheEnd) {
  SendLength(4);
  SendRaw("te", 2);
  sockets_.other.reset();
  const auto received = Receive();
  ASSERT_TRUE(received.ok()) << received.status().message();
  EXPECT_TRUE(received.value().bytes.empty());
}

TEST_F(PacketStreamTest, APacketThatDoesNotFitEndsTheStreamInsteadOfBeingTorn) {
  const std::string text(1 << 20, 'x');
  EXPECT_EQ(SendPacket(sockets_.other.get(), std::as_bytes(std::span(text)), {}, Wait::kNo)
                .error_number(),
            EAGAIN);
  EXPECT_EQ(::send(sockets_.other.get(), "x", 1, MSG_NOSIGNAL), -1);
}

}  // namespace
}  // namespace nasgi::base
