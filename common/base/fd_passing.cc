#include "base/fd_passing.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace nasgi::base {

namespace {

// CMSG_SPACE rounds up, to room for a second descriptor. CMSG_LEN is what one takes.
constexpr size_t kRoom = CMSG_SPACE(sizeof(int));
constexpr size_t kLength = CMSG_LEN(sizeof(int));

struct Packet {
  explicit Packet(uint32_t* number) : part{number, sizeof(*number)} {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = ancillary.data();
    header.msg_controllen = kLength;
  }

  alignas(cmsghdr) std::array<std::byte, kRoom> ancillary{};
  iovec part;
  msghdr header{};
};

}  // namespace

Result<FdSockets> MakeFdSockets() {
  std::array<int, 2> sockets{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return Status::FromErrno("socketpair", errno);
  }
  return FdSockets{UniqueFd(sockets[0]), UniqueFd(sockets[1])};
}

Status PassFd(int passer, uint32_t number, int fd) {
  Packet packet(&number);
  cmsghdr* item = CMSG_FIRSTHDR(&packet.header);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = kLength;
  std::memcpy(CMSG_DATA(item), &fd, sizeof(fd));
  if (sendmsg(passer, &packet.header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    return Status::FromErrno("sendmsg", errno);
  }
  return Status::Ok();
}

Result<PassedFd> TakeFd(int taker) {
  PassedFd passed;
  Packet packet(&passed.number);
  ssize_t size = -1;
  do {
    size = recvmsg(taker, &packet.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return Status::FromErrno("recvmsg", errno);
  const cmsghdr* item = CMSG_FIRSTHDR(&packet.header);
  if (item != nullptr && item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS &&
      item->cmsg_len == kLength) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(item), sizeof(fd));
    passed.fd = UniqueFd(fd);
  }
  // Cut off: the descriptors that did not fit the room for one, or this process's table.
  const bool cut = (packet.header.msg_flags & MSG_CTRUNC) != 0;
  const bool whole = size == sizeof(passed.number) && (packet.header.msg_flags & MSG_TRUNC) == 0;
  if (!whole || passed.fd.valid() == cut) {
    return Status::Corrupt("a packet that is not one number with one descriptor");
  }
  return passed;
}

}  // namespace nasgi::base
