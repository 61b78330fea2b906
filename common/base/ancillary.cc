#include "base/ancillary.h"

#include <cstring>

namespace nasgi::base {

OutgoingFds::OutgoingFds(std::span<const int> fds, msghdr* message) {
  if (fds.empty()) return;
  // How wide these fields are differs.
  using ControlLength = decltype(message->msg_controllen);
  using ItemLength = decltype(cmsghdr::cmsg_len);
  message->msg_control = room_.data();
  message->msg_controllen = static_cast<ControlLength>(CMSG_SPACE(fds.size_bytes()));
  cmsghdr* item = CMSG_FIRSTHDR(message);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = static_cast<ItemLength>(CMSG_LEN(fds.size_bytes()));
  std::memcpy(CMSG_DATA(item), fds.data(), fds.size_bytes());
}

std::vector<UniqueFd> TakeFds(msghdr* message) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* item = CMSG_FIRSTHDR(message); item != nullptr; item = CMSG_NXTHDR(message, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(item) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace nasgi::base
