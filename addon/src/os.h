#pragma once

#include <sys/types.h>

#include <optional>

#include "base/status.h"

// What the addon asks the operating system, and Linux and macOS answer in ways of their own:
// os_linux.cc and os_macos.cc.
//
// Thread safety: any thread.
namespace nasgi::addon {

// The version of Landlock that the kernel offers; 0: none.
[[nodiscard]] int LandlockVersion();

// Processes of the same user can no longer trace this one. kOs where that is impossible.
base::Status KeepFromTracers();

// Whether descendants whose parents have ended become children of this process, which then has to
// reap them.
[[nodiscard]] bool AdoptsOrphans();

// What a process uses.
struct Usage {
  double memory = 0;    // bytes that are resident, including pages that it shares
  double cpu_time = 0;  // milliseconds, of all its threads
  bool runs = false;  // one of its threads runs on a core, or waits for one; on Linux, the main one
};
// Nothing if there is no such process, or it is another user's and the system keeps that secret.
[[nodiscard]] std::optional<Usage> UsageOf(pid_t pid);

}  // namespace nasgi::addon
