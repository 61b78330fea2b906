#pragma once

#include <sys/types.h>

#include <functional>

namespace nasgi::test {

// A forked child that runs a function of the test program itself. The destructor kills and reaps it
// if it still runs.
class ChildProcess {
 public:
  // Runs `body` in the child; its result is the exit code. It must not use GoogleTest assertions.
  explicit ChildProcess(const std::function<int()>& body);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void Kill() const;
  // Waits until it ends. Returns its exit code, or minus the signal that ended it.
  int Wait();

 private:
  pid_t pid_ = -1;
};

}  // namespace nasgi::test
