#include "os.h"

#include <libproc.h>
#include <mach/mach_time.h>
#include <sys/proc_info.h>
#include <unistd.h>

#include <cerrno>

namespace nasgi::addon {

namespace {

constexpr double kNanosecondsPerMillisecond = 1e6;

// The kernel counts CPU time in ticks of its clock.
double Milliseconds(uint64_t ticks) {
  mach_timebase_info_data_t base{};
  (void)mach_timebase_info(&base);
  return static_cast<double>(ticks) * base.numer / base.denom / kNanosecondsPerMillisecond;
}

}  // namespace

int LandlockVersion() { return 0; }

base::Status KeepFromTracers() {
  return base::Status::FromErrno("protection from tracers", ENOTSUP);
}

// launchd adopts them, unless this is the first process itself.
bool AdoptsOrphans() { return getpid() == 1; }

std::optional<Usage> UsageOf(pid_t pid) {
  proc_taskinfo info{};
  const int size = proc_pidinfo(pid, PROC_PIDTASKINFO, 0, &info, sizeof(info));
  if (size != static_cast<int>(sizeof(info))) return {};
  Usage usage;
  usage.memory = static_cast<double>(info.pti_resident_size);
  usage.cpu_time = Milliseconds(info.pti_total_user + info.pti_total_system);
  usage.runs = info.pti_numrunning > 0;
  return usage;
}

}  // namespace nasgi::addon
