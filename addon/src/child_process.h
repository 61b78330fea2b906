#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"

namespace nasgi::addon {

// A child process that this process may have to reap. It keeps meaning that process, whatever
// becomes of its pid.
//
// Thread safety: one thread at a time.
// Cannot report: that the process does not exist, or is not a child. Then there is nothing to reap.
class ChildProcess {
 public:
  ChildProcess() = default;
  explicit ChildProcess(pid_t pid);

  // Somebody else has reaped it.
  void Forget() { *this = {}; }
  // Reaps it when it ends, so that no zombie is left. For a child that nobody else waits for. Does
  // not block: if it still runs, a thread waits for it, and may outlive everything else of the
  // addon. Nothing depends on that thread.
  void ReapWhenItEnds();

 private:
  [[maybe_unused]] pid_t pid_ = 0;  // 0: none; on Linux, the pidfd is enough
  base::UniqueFd watch_;  // a pidfd on Linux, on macOS a kqueue that tells when the process ends
};

}  // namespace nasgi::addon
