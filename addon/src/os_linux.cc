#include "os.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "base/unique_fd.h"

namespace nasgi::addon {

namespace {

constexpr double kMillisecondsPerSecond = 1000;

}  // namespace

// From linux/landlock.h, which is older on the machine that builds than on those that run.
int LandlockVersion() {
  constexpr long kCreateRuleset = 444;
  constexpr uint32_t kVersionFlag = 1;
  const long version = syscall(kCreateRuleset, nullptr, 0, kVersionFlag);
  return version < 0 ? 0 : static_cast<int>(version);
}

base::Status KeepFromTracers() {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) return base::Status::Ok();
  return base::Status::FromErrno("prctl", errno);
}

bool AdoptsOrphans() {
  int is_subreaper = 0;
  (void)prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
  return getpid() == 1 || is_subreaper != 0;
}

// proc_pid_stat(5).
std::optional<Usage> UsageOf(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const base::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  std::array<char, 1024> text{};
  if (read(fd.get(), text.data(), text.size() - 1) <= 0) return {};
  // The name of the program, in parentheses, may contain anything.
  const char* rest = std::strrchr(text.data(), ')');
  char state = 0;
  unsigned long user = 0;
  unsigned long system = 0;
  long pages = 0;
  if (rest == nullptr ||
      std::sscanf(rest,
                  ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d "
                  "%*u %*u %ld",
                  &state, &user, &system, &pages) != 4) {
    return {};
  }
  Usage usage;
  usage.memory = static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
  usage.cpu_time = static_cast<double>(user + system) * kMillisecondsPerSecond /
                   static_cast<double>(sysconf(_SC_CLK_TCK));
  usage.runs = state == 'R';
  return usage;
}

}  // namespace nasgi::addon
