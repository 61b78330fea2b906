#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <random>

#include "base/memory_file.h"

namespace nasgi::base {

namespace {

// Names that are taken already, in a row, before this gives up. One is 64 random bits.
constexpr int kAttempts = 8;

// The object exists under its name only within this function.
UniqueFd OpenNameless() {
  std::random_device random;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    // A name has at most 31 bytes there.
    std::array<char, 32> name{};
    (void)std::snprintf(name.data(), name.size(), "/node-asgi.%08x%08x", random(), random());
    UniqueFd fd(::shm_open(name.data(), O_RDWR | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR));
    if (fd.valid()) {
      (void)::shm_unlink(name.data());
      return fd;
    }
    if (errno != EEXIST) break;
  }
  return {};
}

}  // namespace

Result<UniqueFd> MakeMemoryFile(uint64_t size) {
  UniqueFd fd = OpenNameless();
  if (!fd.valid()) return Status::FromErrno("shm_open", errno);
  if (::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) {
    return Status::FromErrno("fcntl of shared memory", errno);
  }
  // Fails for an object that has a size already. So this is also what seals it.
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return Status::FromErrno("ftruncate of shared memory", errno);
  }
  return fd;
}

Result<uint64_t> SizeOfMemoryFile(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return Status::FromErrno("fstat of shared memory", errno);
  // The mode of such an object has no bits of a type. That of every other file has.
  if ((info.st_mode & S_IFMT) != 0)
    return Status::Corrupt("the shared memory is not a memory file");
  if (info.st_size == 0) return Status::Corrupt("the size of the shared memory is not set");
  return static_cast<uint64_t>(info.st_size);
}

}  // namespace nasgi::base
