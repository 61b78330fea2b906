#pragma once

#include <cstddef>

#include "base/status.h"
#include "base/unique_fd.h"

// What both sides need of the operating system and Linux and macOS call differently: os_linux.cc
// and os_macos.cc. No program that a process executes inherits a descriptor made here.
//
// Thread safety: any thread. On macOS, a program that another thread executes in the moment in
// which a descriptor is made may inherit it; libuv starts none that does.
// Failure: kOs when the kernel refuses memory or a descriptor.
namespace nasgi::base {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};
[[nodiscard]] Result<Pipe> MakePipe();

struct SocketPair {
  UniqueFd one;
  UniqueFd other;
};
// Two connected Unix sockets of a type such as SOCK_STREAM.
[[nodiscard]] Result<SocketPair> MakeSocketPair(int type);

// The flag for what is sent to such a socket, so that one that nobody reads causes no SIGPIPE.
extern const int kNoSigpipe;

// The signal that makes a worker print the stacks of all its threads to stderr, whatever they are
// doing. One that applications hardly use.
extern const int kStacksSignal;

// Keeps a shared mapping out of processes that are forked later. A multiple of whole pages.
[[nodiscard]] Status KeepFromChildren(void* address, size_t size);

}  // namespace nasgi::base
