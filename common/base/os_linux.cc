#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/os.h"

namespace nasgi::base {

const int kNoSigpipe = MSG_NOSIGNAL;
// SIGRTMAX - 2, which is not a constant.
const int kStacksSignal = 62;

Result<Pipe> MakePipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Status::FromErrno("pipe2", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<SocketPair> MakeSocketPair(int type) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Status::FromErrno("socketpair", errno);
  }
  return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Status KeepFromChildren(void* address, size_t size) {
  if (::madvise(address, size, MADV_DONTFORK) == 0) return Status::Ok();
  return Status::FromErrno("madvise of shared memory", errno);
}

}  // namespace nasgi::base
