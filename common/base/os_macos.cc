#include <fcntl.h>
#include <mach/vm_inherit.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/os.h"

namespace nasgi::base {

namespace {

bool KeepFromPrograms(const std::array<int, 2>& fds) {
  return ::fcntl(fds[0], F_SETFD, FD_CLOEXEC) == 0 && ::fcntl(fds[1], F_SETFD, FD_CLOEXEC) == 0;
}

// A property of the socket here, and not of what is sent.
bool KeepFromSigpipe(const std::array<int, 2>& sockets) {
  const int yes = 1;
  return ::setsockopt(sockets[0], SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof(yes)) == 0 &&
         ::setsockopt(sockets[1], SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof(yes)) == 0;
}

}  // namespace

const int kNoSigpipe = 0;
// Is ignored by default, and asks for the state of a process that a terminal has in the foreground.
const int kStacksSignal = SIGINFO;

Result<Pipe> MakePipe() {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return Status::FromErrno("pipe", errno);
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (!KeepFromPrograms(ends)) return Status::FromErrno("fcntl of a pipe", errno);
  return pipe;
}

Result<SocketPair> MakeSocketPair(int type) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, type, 0, ends.data()) != 0) {
    return Status::FromErrno("socketpair", errno);
  }
  SocketPair sockets{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (!KeepFromPrograms(ends)) return Status::FromErrno("fcntl of a socket", errno);
  if (!KeepFromSigpipe(ends)) return Status::FromErrno("setsockopt of a socket", errno);
  return sockets;
}

Status KeepFromChildren(void* address, size_t size) {
  if (::minherit(address, size, VM_INHERIT_NONE) == 0) return Status::Ok();
  return Status::FromErrno("minherit of shared memory", errno);
}

}  // namespace nasgi::base
