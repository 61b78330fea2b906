// The sockets that a worker can write anything to: that of files, and the bell.
#include <fcntl.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/fd_passing.h"
#include "fuzz.h"
#include "shm/doorbell.h"

namespace nasgi::fuzz {
namespace {

// Sends a packet as no PassFd() does: any bytes, with any number of descriptors.
void SendPacket(int socket, std::string bytes, size_t count) {
  constexpr size_t kMost = 4;
  static const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(kMost * sizeof(int))> ancillary{};
  iovec part{bytes.data(), bytes.size()};
  msghdr packet{};
  packet.msg_iov = &part;
  packet.msg_iovlen = 1;
  count %= kMost + 1;
  if (count > 0) {
    packet.msg_control = ancillary.data();
    packet.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* item = CMSG_FIRSTHDR(&packet);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(count * sizeof(int));
    const std::array<int, kMost> files = {file, file, file, file};
    std::memcpy(CMSG_DATA(item), files.data(), count * sizeof(int));
  }
  (void)::sendmsg(socket, &packet, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace
}  // namespace nasgi::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nasgi;  // NOLINT(google-build-using-namespace)
  FuzzedDataProvider input(data, size);
  const int lowest = ::dup(0);
  ::close(lowest);
  {
    const base::FdSockets sockets = base::MakeFdSockets().value();
    const shm::DoorbellPair bells = shm::Doorbell::CreatePair().value();
    while (input.remaining_bytes() > 0) {
      switch (input.ConsumeIntegralInRange(0, 4)) {
        case 0:
          fuzz::SendPacket(sockets.passer.get(), input.ConsumeRandomLengthString(16),
                           input.ConsumeIntegral<uint8_t>());
          break;
        case 1: {
          const auto passed = base::TakeFd(sockets.taker.get());
          fuzz::Require(!passed.ok() || passed.value().fd.valid(), "a descriptor is missing");
          break;
        }
        case 2: {
          const std::string rings = input.ConsumeRandomLengthString(1000);
          (void)::send(bells.other.fd(), rings.data(), rings.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
          break;
        }
        case 3:
          bells.one.Ring();
          break;
        default:
          (void)bells.one.Clear();
      }
    }
  }
  const int after = ::dup(0);
  ::close(after);
  fuzz::Require(after == lowest, "a descriptor is left open");
  return 0;
}
