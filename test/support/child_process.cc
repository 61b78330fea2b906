#include "support/child_process.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace nasgi::test {

ChildProcess::ChildProcess(const std::function<int()>& body) {
  std::fflush(nullptr);  // so that the child does not print it again
  pid_ = ::fork();
  if (pid_ < 0) {
    std::perror("fork");
    std::abort();
  }
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // so that a crashed test program leaves no child
    const int code = body();
    std::fflush(nullptr);
    ::_exit(code);
  }
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  Kill();
  Wait();
}

void ChildProcess::Kill() const { ::kill(pid_, SIGKILL); }

int ChildProcess::Wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace nasgi::test
