#pragma once

#include <cstdint>

#include "base/status.h"
#include "base/unique_fd.h"

// File descriptors that one process passes to another over a socket, each with a number that says
// what it is for (SCM_RIGHTS).
//
// Thread safety: each socket, one thread at a time in each process.
// Lifetime: sockets and descriptors that are arguments stay the caller's.
// Failure: nothing here blocks. kOs with EAGAIN means that the socket is full (PassFd) or empty
// (TakeFd).
namespace nasgi::base {

struct FdSockets {
  UniqueFd taker;
  UniqueFd passer;
};
// The two ends of a new socket.
[[nodiscard]] Result<FdSockets> MakeFdSockets();

// Passes a copy of `fd` on, which the other process gets even if this one ends at once.
Status PassFd(int passer, uint32_t number, int fd);

struct PassedFd {
  uint32_t number = 0;
  UniqueFd fd;  // not valid: this process has no room for another descriptor
};
// The next descriptor. Trusts nothing: kCorrupt for a packet that PassFd did not send, whose
// descriptors are closed. What kind of file it is, the caller must check.
[[nodiscard]] Result<PassedFd> TakeFd(int taker);

}  // namespace nasgi::base
