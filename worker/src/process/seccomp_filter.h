#pragma once

#include <linux/filter.h>

#include <vector>

// The program that deny_system_calls() gives the kernel (seccomp.h), for the architecture that this
// is compiled for: x86-64 or arm64.
//
// Thread safety: any thread.
namespace nasgi::worker {

[[nodiscard]] std::vector<sock_filter> SystemCallFilter();

}  // namespace nasgi::worker
