#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/ancillary.h"
#include "base/packet_socket.h"

// Each packet is its length (uint32), then its bytes. The descriptors travel with the length.

namespace nasgi::base {

namespace {

using Length = uint32_t;

// Packets of the largest size that a socket has room for.
constexpr size_t kPackets = 4;
// The kernel puts every descriptor of a message into the process, even if the room for the
// ancillary data is too small to name it. So there is room for all that a message can hold
// (MCLBYTES).
constexpr size_t kAncillaryRoom = 2048;

int FlagFor(Wait wait) { return wait == Wait::kYes ? 0 : MSG_DONTWAIT; }

// Sends what is left of a packet of which something has been sent.
Status SendRest(int socket, std::span<const std::byte> rest) {
  while (!rest.empty()) {
    const ssize_t sent = ::send(socket, rest.data(), rest.size(), kNoSigpipe);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return Status::FromErrno("send", errno);
    rest = rest.subspan(static_cast<size_t>(sent));
  }
  return Status::Ok();
}

}  // namespace

Result<SocketPair> MakePacketSockets(size_t max_bytes) {
  Result<SocketPair> sockets = MakeSocketPair(SOCK_STREAM);
  if (!sockets.ok()) return sockets;
  for (const UniqueFd* end : {&sockets.value().one, &sockets.value().other}) {
    for (const int kind : {SO_SNDBUF, SO_RCVBUF}) {
      int bytes = 0;
      socklen_t size = sizeof(bytes);
      (void)::getsockopt(end->get(), SOL_SOCKET, kind, &bytes, &size);
      bytes = std::max(bytes, static_cast<int>(kPackets * (sizeof(Length) + max_bytes)));
      // Where the kernel allows less, a sender waits, or is told that the socket is full.
      (void)::setsockopt(end->get(), SOL_SOCKET, kind, &bytes, sizeof(bytes));
    }
  }
  return sockets;
}

Status SendPacket(int socket, std::span<const std::byte> bytes, std::span<const int> fds,
                  Wait wait) {
  auto length = static_cast<Length>(bytes.size());
  std::array<iovec, 2> parts = {iovec{&length, sizeof(length)},
                                iovec{const_cast<std::byte*>(bytes.data()), bytes.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const OutgoingFds outgoing(fds, &message);
  ssize_t result = -1;
  do {
    result = ::sendmsg(socket, &message, kNoSigpipe | FlagFor(wait));
  } while (result < 0 && errno == EINTR);
  if (result < 0) return Status::FromErrno("sendmsg", errno);
  const auto sent = static_cast<size_t>(result);
  if (sent == sizeof(length) + bytes.size()) return Status::Ok();
  if (wait == Wait::kYes && sent >= sizeof(length)) {
    return SendRest(socket, bytes.subspan(sent - sizeof(length)));
  }
  // What is sent next would be taken for the rest of this packet.
  (void)::shutdown(socket, SHUT_RDWR);
  return Status::FromErrno("sendmsg", EAGAIN);
}

struct PacketReceiver::State {
  State(size_t max_bytes, size_t max_fds) : bytes(max_bytes), room_for_fds(max_fds) {}

  // Receives up to `size` bytes, with what came along. How many, 0: the other end is closed.
  Result<size_t> ReceiveSome(int socket, void* room, size_t size, Wait wait);
  // The packet that is complete. The next one starts afresh.
  Packet Take();

  Length length = 0;
  std::vector<std::byte> bytes;
  const size_t room_for_fds;
  // How much has arrived, of the length and the bytes together.
  size_t arrived = 0;
  std::vector<UniqueFd> fds;
  bool lost_fds = false;
};

Result<size_t> PacketReceiver::State::ReceiveSome(int socket, void* room, size_t size, Wait wait) {
  alignas(cmsghdr) std::array<std::byte, kAncillaryRoom> ancillary;
  ssize_t count = -1;
  msghdr message{};
  while (count < 0) {
    iovec part = {room, size};
    message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = ancillary.data();
    message.msg_controllen = ancillary.size();
    count = ::recvmsg(socket, &message, FlagFor(wait));
    if (count >= 0) break;
    // This process has no room for the descriptors, which are gone. The bytes are still there.
    const bool dropped = errno == EMSGSIZE && !lost_fds;
    lost_fds = lost_fds || dropped;
    if (!dropped && errno != EINTR) return Status::FromErrno("recvmsg", errno);
  }
  for (UniqueFd& fd : TakeFds(&message)) {
    if (fds.size() == room_for_fds || ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) {
      lost_fds = true;
    } else {
      fds.push_back(std::move(fd));
    }
  }
  lost_fds = lost_fds || (message.msg_flags & MSG_CTRUNC) != 0;
  return static_cast<size_t>(count);
}

Packet PacketReceiver::State::Take() {
  arrived = 0;
  return {std::span(bytes).first(length), std::exchange(fds, {}), std::exchange(lost_fds, false)};
}

PacketReceiver::PacketReceiver(size_t max_bytes, size_t max_fds)
    : state_(std::make_unique<State>(max_bytes, max_fds)) {}

PacketReceiver::~PacketReceiver() = default;

Result<Packet> PacketReceiver::Receive(int socket, Wait wait) {
  State& state = *state_;
  while (true) {
    // Exactly up to the end of a part, so that nothing of the next packet is taken.
    const bool in_length = state.arrived < sizeof(Length);
    void* room = in_length ? reinterpret_cast<std::byte*>(&state.length) + state.arrived
                           : state.bytes.data() + (state.arrived - sizeof(Length));
    const size_t wanted = sizeof(Length) + (in_length ? 0 : state.length) - state.arrived;
    const Result<size_t> count = state.ReceiveSome(socket, room, wanted, wait);
    if (!count.ok()) return count.status();
    if (count.value() == 0) return Packet{};
    state.arrived += count.value();
    if (count.value() < wanted) continue;
    if (!in_length) return state.Take();
    if (state.length == 0 || state.length > state.bytes.size()) {
      return Status::Corrupt("a packet is empty or too long");
    }
  }
}

}  // namespace nasgi::base
