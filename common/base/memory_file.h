#pragma once

#include <cstdint>

#include "base/status.h"
#include "base/unique_fd.h"

// Memory that processes share, as a file that no name leads to: only who has the descriptor can map
// it. Its size never changes, so no process can make another one's mapping fault. On Linux that is
// a sealed memfd, on macOS an object of shm_open(2), whose size the kernel lets nobody set twice.
//
// Thread safety: any thread.
// Failure: kOs when the kernel refuses memory or a descriptor.
namespace nasgi::base {

// A new memory file of `size` bytes, all zero. A multiple of the page size.
[[nodiscard]] Result<UniqueFd> MakeMemoryFile(uint64_t size);

// The size of a memory file of another process. Trusts nothing: kCorrupt for any other file, and
// for one whose size can change.
[[nodiscard]] Result<uint64_t> SizeOfMemoryFile(int fd);

}  // namespace nasgi::base
