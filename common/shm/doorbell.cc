#include "shm/doorbell.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/os.h"

namespace nasgi::shm {

namespace {

// A ring is the time at which it was rung. All processes of a machine have this clock in common.
using Clock = std::chrono::steady_clock;
using Time = Clock::rep;

// Far more rings than an honest peer leaves. If there are more, fd() stays readable.
constexpr size_t kRingsATime = 256;

}  // namespace

base::Result<DoorbellPair> Doorbell::CreatePair() {
  base::Result<base::SocketPair> ends = base::MakeSocketPair(SOCK_STREAM);
  if (!ends.ok()) return ends.status();
  return DoorbellPair{Doorbell(std::move(ends.value().one)),
                      Doorbell(std::move(ends.value().other))};
}

void Doorbell::Ring() const {
  const Time now = Clock::now().time_since_epoch().count();
  // EAGAIN: so many rings wait that there is no room for another. EPIPE: nobody listens any more,
  // which Clear() reports.
  while (::send(fd_.get(), &now, sizeof(now), MSG_DONTWAIT | base::kNoSigpipe) < 0 &&
         errno == EINTR) {
  }
}

Doorbell::Cleared Doorbell::Clear() const {
  std::array<Time, kRingsATime> rings;
  ssize_t size = -1;
  do {
    size = ::recv(fd_.get(), rings.data(), sizeof(rings), MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size < static_cast<ssize_t>(sizeof(Time))) {
    return {.open = size > 0 || (size < 0 && errno == EAGAIN), .age = std::nullopt};
  }
  // Unsigned, because the difference to a time that is a lie may be out of range.
  const auto now = static_cast<uint64_t>(Clock::now().time_since_epoch().count());
  const auto age = static_cast<Time>(now - static_cast<uint64_t>(rings[0]));
  return {.open = true, .age = Clock::duration(age)};
}

}  // namespace nasgi::shm
