#include "base/fd_passing.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/packet_socket.h"

namespace nasgi::base {

Result<FdSockets> MakeFdSockets() {
  Result<SocketPair> sockets = MakePacketSockets(sizeof(uint32_t));
  if (!sockets.ok()) return sockets.status();
  return FdSockets{std::move(sockets.value().one), std::move(sockets.value().other)};
}

Status PassFd(int passer, uint32_t number, int fd) {
  return SendPacket(passer, std::as_bytes(std::span(&number, 1)), std::span(&fd, 1), Wait::kNo);
}

Result<PassedFd> TakeFd(int taker) {
  PassedFd passed;
  PacketReceiver receiver(sizeof(passed.number), 1);
  Result<Packet> received = receiver.Receive(taker, Wait::kNo);
  if (!received.ok()) return received.status();
  Packet& packet = received.value();
  // One descriptor, or one that this process had no room for.
  if (packet.bytes.size() != sizeof(passed.number) || packet.fds.empty() != packet.lost_fds) {
    return Status::Corrupt("a packet that is not one number with one descriptor");
  }
  std::memcpy(&passed.number, packet.bytes.data(), sizeof(passed.number));
  if (!packet.fds.empty()) passed.fd = std::move(packet.fds.front());
  return passed;
}

}  // namespace nasgi::base
