#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string>

#include "fuzz.h"

// What the targets share that write to sockets which carry descriptors.
namespace nasgi::fuzz {

// Descriptors of one packet.
inline constexpr size_t kMostFiles = 8;

// Sends a packet as no PassFd() does: any bytes, with any number of descriptors up to kMostFiles.
inline void SendPacket(int socket, std::string bytes, size_t count) {
  static const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(kMostFiles * sizeof(int))> ancillary{};
  iovec part{bytes.data(), bytes.size()};
  msghdr packet{};
  packet.msg_iov = &part;
  packet.msg_iovlen = 1;
  if (count > 0) {
    packet.msg_control = ancillary.data();
    packet.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* item = CMSG_FIRSTHDR(&packet);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::array<int, kMostFiles> files{};
    files.fill(file);
    std::memcpy(CMSG_DATA(item), files.data(), count * sizeof(int));
  }
  (void)::sendmsg(socket, &packet, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// The number that the next descriptor gets. It rises when one is left open.
inline int LowestFree() {
  const int lowest = ::dup(0);
  ::close(lowest);
  return lowest;
}

}  // namespace nasgi::fuzz
