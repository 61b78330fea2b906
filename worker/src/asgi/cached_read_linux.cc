#include <linux/fs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "asgi/cached_read.h"

namespace nasgi::worker {

// The system call itself, because older versions of musl have no function for it. File systems that
// may wait for anything, such as those in user space, refuse the flag.
bool ReadCached(int file, std::span<char> room) {
  const iovec target{room.data(), room.size()};
  return ::syscall(SYS_preadv2, file, &target, 1, 0, 0, RWF_NOWAIT) ==
         static_cast<ssize_t>(room.size());
}

}  // namespace nasgi::worker
