#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "child_process.h"

namespace nasgi::addon {

ChildProcess::ChildProcess(pid_t pid)
    : pid_(pid), watch_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}

void ChildProcess::ReapWhenItEnds() {
  if (std::exchange(pid_, 0) == 0 || !watch_.valid()) return;
  base::UniqueFd pidfd = std::move(watch_);
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG) != 0) return;
  if (info.si_pid != 0) return;
  // Node never unloads this code (CMakeLists.txt).
  std::thread([child = std::move(pidfd)] {
    siginfo_t ended{};
    while (waitid(P_PIDFD, static_cast<id_t>(child.get()), &ended, WEXITED) != 0 &&
           errno == EINTR) {
    }
  }).detach();
}

}  // namespace nasgi::addon
