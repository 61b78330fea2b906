#include "os.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <string>

#include "base/unique_fd.h"

namespace nasgi::addon {

namespace {

constexpr double kMillisecondsPerSecond = 1000;

// The numbers of fields in proc_pid_stat(5).
constexpr int kState = 3;
constexpr int kUserTime = 14;  // followed by the time in the kernel
constexpr int kResident = 24;

void Skip(std::istringstream* fields, int count) {
  std::string skipped;
  for (int i = 0; i < count; ++i) *fields >> skipped;
}

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

std::optional<Usage> UsageOf(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const base::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  std::array<char, 1024> text{};
  if (read(fd.get(), text.data(), text.size() - 1) <= 0) return {};
  // The name of the program, in parentheses, may contain anything.
  const char* name_end = std::strrchr(text.data(), ')');
  if (name_end == nullptr) return {};
  std::istringstream fields(name_end + 1);
  char state = 0;
  uint64_t user = 0;
  uint64_t system = 0;
  uint64_t pages = 0;
  fields >> state;
  Skip(&fields, kUserTime - kState - 1);
  fields >> user >> system;
  Skip(&fields, kResident - kUserTime - 2);
  fields >> pages;
  if (!fields) return {};
  Usage usage;
  usage.memory = static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
  usage.cpu_time = static_cast<double>(user + system) * kMillisecondsPerSecond /
                   static_cast<double>(sysconf(_SC_CLK_TCK));
  usage.runs = state == 'R';
  return usage;
}

}  // namespace nasgi::addon
