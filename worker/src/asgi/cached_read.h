#pragma once

#include <span>

// Each system has a source file of its own: cached_read_linux.cc and cached_read_macos.cc.
//
// Thread safety: any thread.
namespace nasgi::worker {

// Fills `room` from the start of a file without waiting for a disk. False: not all of that is in
// memory, the file is shorter, or the system cannot tell.
[[nodiscard]] bool ReadCached(int file, std::span<char> room);

}  // namespace nasgi::worker
