#include <sys/socket.h>

#include <cerrno>

#include "base/ancillary.h"
#include "base/packet_socket.h"

namespace nasgi::base {

namespace {

int FlagFor(Wait wait) { return wait == Wait::kYes ? 0 : MSG_DONTWAIT; }

}  // namespace

Result<SocketPair> MakePacketSockets(size_t /*max_bytes*/) {
  return MakeSocketPair(SOCK_SEQPACKET);
}

Status SendPacket(int socket, std::span<const std::byte> bytes, std::span<const int> fds,
                  Wait wait) {
  iovec part = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const OutgoingFds outgoing(fds, &message);
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &message, kNoSigpipe | FlagFor(wait));
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? Status::FromErrno("sendmsg", errno) : Status::Ok();
}

struct PacketReceiver::State {
  State(size_t max_bytes, size_t max_fds)
      : bytes(max_bytes), ancillary(CMSG_LEN(sizeof(int) * max_fds)) {}

  std::vector<std::byte> bytes;
  // CMSG_SPACE, which rounds up, would have room for one more.
  std::vector<std::byte> ancillary;
};

PacketReceiver::PacketReceiver(size_t max_bytes, size_t max_fds)
    : state_(std::make_unique<State>(max_bytes, max_fds)) {}

PacketReceiver::~PacketReceiver() = default;

Result<Packet> PacketReceiver::Receive(int socket, Wait wait) {
  iovec part = {state_->bytes.data(), state_->bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = state_->ancillary.data();
  message.msg_controllen = static_cast<decltype(message.msg_controllen)>(state_->ancillary.size());
  ssize_t size = -1;
  do {
    size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | FlagFor(wait));
  } while (size < 0 && errno == EINTR);
  if (size < 0) return Status::FromErrno("recvmsg", errno);
  Packet packet;
  packet.bytes = std::span(state_->bytes).first(static_cast<size_t>(size));
  packet.fds = TakeFds(&message);
  packet.lost_fds = (message.msg_flags & MSG_CTRUNC) != 0;
  if ((message.msg_flags & MSG_TRUNC) != 0) return Status::Corrupt("a packet is too long");
  return packet;
}

}  // namespace nasgi::base
