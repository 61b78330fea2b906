#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/memory_file.h"

namespace nasgi::base {

namespace {

constexpr int kSeals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

}  // namespace

Result<UniqueFd> MakeMemoryFile(uint64_t size) {
  UniqueFd fd(::memfd_create("node-asgi", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return Status::FromErrno("memfd_create", errno);
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return Status::FromErrno("ftruncate of shared memory", errno);
  }
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) {
    return Status::FromErrno("sealing of shared memory", errno);
  }
  return fd;
}

Result<uint64_t> SizeOfMemoryFile(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return Status::FromErrno("fstat of shared memory", errno);
  if (!S_ISREG(info.st_mode)) return Status::Corrupt("the shared memory is not a memory file");
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals) {
    return Status::Corrupt("the size of the shared memory is not sealed");
  }
  return static_cast<uint64_t>(info.st_size);
}

}  // namespace nasgi::base
