#include "shm/doorbell.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "base/os.h"

namespace nasgi::shm {

namespace {

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
  const std::byte ring{1};
  // EAGAIN: so many rings wait that there is no room for another. EPIPE: nobody listens any more,
  // which Clear() reports.
  while (::send(fd_.get(), &ring, sizeof(ring), MSG_DONTWAIT | base::kNoSigpipe) < 0 &&
         errno == EINTR) {
  }
}

bool Doorbell::Clear() const {
  std::array<std::byte, kRingsATime> rings;
  ssize_t count = -1;
  do {
    count = ::recv(fd_.get(), rings.data(), rings.size(), MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  return count > 0 || (count < 0 && errno == EAGAIN);
}

}  // namespace nasgi::shm
