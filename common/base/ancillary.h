#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "base/unique_fd.h"

// File descriptors in the ancillary data of a message (SCM_RIGHTS).
//
// Thread safety: each object, one thread at a time.
// Failure: none.
namespace nasgi::base {

// The most descriptors that one message of ours carries.
inline constexpr size_t kMaxFds = 8;

// Makes sendmsg() pass copies of descriptors on. Must outlive the call.
class OutgoingFds {
 public:
  // At most kMaxFds. They stay the caller's.
  OutgoingFds(std::span<const int> fds, msghdr* message);
  OutgoingFds(const OutgoingFds&) = delete;
  OutgoingFds& operator=(const OutgoingFds&) = delete;

 private:
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * kMaxFds)> room_{};
};

// Takes over the descriptors that recvmsg() has put into this process.
[[nodiscard]] std::vector<UniqueFd> TakeFds(msghdr* message);

}  // namespace nasgi::base
