#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/os.h"
#include "base/status.h"
#include "base/unique_fd.h"

// Sockets that carry packets, each with file descriptors: what is sent with one call arrives with
// one call. Linux has them (SOCK_SEQPACKET). macOS does not, so the packets travel through a stream
// there, each behind its length.
//
// Thread safety: each socket, one thread at a time in each process.
// Lifetime: sockets and descriptors that are arguments stay the caller's.
// Failure: kOs with EAGAIN where a call does not wait: the socket is full, or has no packet.
namespace nasgi::base {

// The two ends of a new socket, with room for several packets of `max_bytes`.
[[nodiscard]] Result<SocketPair> MakePacketSockets(size_t max_bytes);

// Whether a call may wait for the other process.
enum class Wait : bool { kNo, kYes };

// Sends bytes, at least one, and copies of at most kMaxFds descriptors (ancillary.h).
Status SendPacket(int socket, std::span<const std::byte> bytes, std::span<const int> fds,
                  Wait wait);

struct Packet {
  // Empty: the other end is closed. Valid until the next Receive.
  std::span<const std::byte> bytes;
  std::vector<UniqueFd> fds;
  // More descriptors came than the receiver takes, or than this process has room for.
  bool lost_fds = false;
};

// Receives the packets of one socket.
//
// Lifetime: owns the packet that it received last, and what has arrived of the next one.
class PacketReceiver {
 public:
  PacketReceiver(size_t max_bytes, size_t max_fds);
  ~PacketReceiver();
  PacketReceiver(const PacketReceiver&) = delete;
  PacketReceiver& operator=(const PacketReceiver&) = delete;

  // The next packet. kCorrupt for one that is longer than `max_bytes`.
  [[nodiscard]] Result<Packet> Receive(int socket, Wait wait);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nasgi::base
