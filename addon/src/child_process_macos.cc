#include <dlfcn.h>
#include <sys/event.h>
#include <sys/wait.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "child_process.h"

namespace nasgi::addon {

namespace {

// Node unloads an addon when the last thread that loaded it ends. The linker of macOS has no flag
// that forbids it.
void NeverUnloadThisCode() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&NeverUnloadThisCode), &info) == 0) return;
  (void)dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

// Waits until the process has ended that the kqueue watches.
void WaitForEnd(int queue) {
  struct kevent event{};
  while (kevent(queue, nullptr, 0, &event, 1, nullptr) < 0 && errno == EINTR) {
  }
}

}  // namespace

// The kernel watches no process that has ended already.
ChildProcess::ChildProcess(pid_t pid) : pid_(pid), watch_(kqueue()) {
  struct kevent change{};
  EV_SET(&change, static_cast<uintptr_t>(pid), EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT, 0,
         nullptr);
  if (kevent(watch_.get(), &change, 1, nullptr, 0, nullptr) != 0) watch_.reset();
}

void ChildProcess::ReapWhenItEnds() {
  if (pid_ == 0) return;
  // Never waits: if the pid has come to mean another child since, that one runs on.
  const auto reap = [pid = std::exchange(pid_, 0)] { (void)waitpid(pid, nullptr, WNOHANG); };
  if (!watch_.valid()) return reap();
  NeverUnloadThisCode();
  std::thread([reap, queue = std::move(watch_)] {
    WaitForEnd(queue.get());
    reap();
  }).detach();
}

}  // namespace nasgi::addon
