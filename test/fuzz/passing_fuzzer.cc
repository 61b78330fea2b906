// The sockets that a worker can write anything to: that of files, and the bell.
#include <fuzzer/FuzzedDataProvider.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/fd_passing.h"
#include "fuzz.h"
#include "packets.h"
#include "shm/doorbell.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nasgi;  // NOLINT(google-build-using-namespace)
  FuzzedDataProvider input(data, size);
  const int lowest = fuzz::LowestFree();
  {
    const base::FdSockets sockets = base::MakeFdSockets().value();
    const shm::DoorbellPair bells = shm::Doorbell::CreatePair().value();
    while (input.remaining_bytes() > 0) {
      switch (input.ConsumeIntegralInRange(0, 4)) {
        case 0:
          fuzz::SendPacket(sockets.passer.get(), input.ConsumeRandomLengthString(16),
                           input.ConsumeIntegral<uint8_t>() % (fuzz::kMostFiles + 1));
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
  fuzz::Require(fuzz::LowestFree() == lowest, "a descriptor is left open");
  return 0;
}
