#include "shm/doorbell.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace nasgi::shm {

base::Result<Doorbell> Doorbell::Create() {
  base::UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.valid()) return base::Status::FromErrno("eventfd", errno);
  return Doorbell(std::move(fd));
}

void Doorbell::Ring() const {
  const uint64_t one = 1;
  // EAGAIN: the counter is at its maximum, so the bell is already ringing.
  while (::write(fd_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

void Doorbell::Clear() const {
  uint64_t count = 0;
  // One read takes the whole count. EAGAIN: nobody has rung.
  while (::read(fd_.get(), &count, sizeof(count)) < 0 && errno == EINTR) {
  }
}

}  // namespace nasgi::shm
