// Node's end of a segment whose other end writes anything anywhere, also while it is read: a thread
// changes bits all the time. So a finding may not repeat with the same input.
#include <fuzzer/FuzzedDataProvider.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "fuzz.h"
#include "shm/endpoint.h"
#include "support/random.h"
#include "wire/frame.h"

namespace nasgi::fuzz {
namespace {

using shm::Endpoint;

// The segment and the thread that changes it, as the worker's side has it mapped.
class Victim {
 public:
  Victim()
      : segment_(shm::Segment::Create({kSize, kSize}).value()),
        mapped_(shm::Segment::Attach(base::UniqueFd(::dup(segment_.fd()))).value()) {
    std::thread([this] { Scribble(); }).detach();
  }

  // A new connection over the same memory, which begins as a new segment does.
  std::unique_ptr<Endpoint> Open(shm::DoorbellPair* bells) {
    quiet_ = true;
    for (const shm::RingMemory& ring : {segment_.request_ring(), segment_.response_ring()}) {
      ring.header->tail = 0;
      ring.header->head = 0;
      ring.header->consumer_sleeps = 1;
      ring.header->producer_waits = 0;
    }
    auto endpoint = std::make_unique<Endpoint>(segment_, shm::Side::kNode, std::move(bells->one));
    quiet_ = false;
    return endpoint;
  }

  [[nodiscard]] shm::RingMemory responses() const { return mapped_.response_ring(); }
  [[nodiscard]] shm::RingMemory requests() const { return mapped_.request_ring(); }

 private:
  static constexpr size_t kSize = 4096;

  void Scribble() {
    test::Random random(1);
    while (true) {
      if (quiet_) continue;
      const uint64_t number = random.Next();
      const shm::RingMemory ring = number % 2 == 0 ? responses() : requests();
      const auto bit = static_cast<unsigned char>(1U << (number >> 8U & 7U));
      if (number % 64 < 2) {  // positions, seldom, because most changes of them end it all
        ring.header->tail ^= uint64_t{1} << (number >> 16U & 63U);
        continue;
      }
      auto* byte = reinterpret_cast<unsigned char*>(ring.data + (number >> 16U) % kSize);
      std::atomic_ref<unsigned char>(*byte).fetch_xor(bit, std::memory_order_relaxed);
    }
  }

  const shm::Segment segment_;
  const shm::Segment mapped_;
  std::atomic<bool> quiet_{true};
};

}  // namespace
}  // namespace nasgi::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nasgi;  // NOLINT(google-build-using-namespace)
  static auto* victim = new fuzz::Victim();
  FuzzedDataProvider input(data, size);
  shm::DoorbellPair bells = shm::Doorbell::CreatePair().value();
  const auto node = victim->Open(&bells);
  wire::Frame frame;
  const auto on_record = [&](std::span<const std::byte> record) {
    fuzz::Require(record.size() <= node->max_record(), "a record is too long");
    const std::vector<std::byte> before(record.begin(), record.end());
    const bool valid = frame.Parse(record);
    fuzz::Require(std::equal(record.begin(), record.end(), before.begin()), "a record changes");
    return valid || before.size() % 2 == 0;
  };
  uint64_t tail = 0;
  while (input.remaining_bytes() > 0) {
    switch (input.ConsumeIntegralInRange(0, 7)) {
      case 0: {  // what an honest worker does
        const std::string record = input.ConsumeRandomLengthString(300);
        const shm::RingMemory ring = victim->responses();
        const shm::RecordHeader header{static_cast<uint32_t>(record.size()), 0};
        std::byte* const start = ring.data + (tail & (ring.capacity - 1));
        std::memcpy(start, &header, sizeof(header));
        std::memcpy(start + sizeof(header), record.data(), record.size());
        tail += shm::RecordBytes(record.size());
        ring.header->tail = tail;
        bells.other.Ring();
        break;
      }
      case 1:
        victim->responses().header->tail = input.ConsumeIntegral<uint64_t>();
        break;
      case 2:
        victim->requests().header->head = input.ConsumeIntegral<uint64_t>();
        break;
      case 3: {
        const std::string bytes = input.ConsumeRandomLengthString(100);
        const shm::RingMemory ring = victim->responses();
        std::memcpy(ring.data + input.ConsumeIntegralInRange<size_t>(0, ring.capacity - 1),
                    bytes.data(), bytes.size());
        break;
      }
      case 4:
        node->Wake();
        break;
      case 5:
        (void)node->Sleep();
        break;
      case 6:
        (void)node->Drain(input.ConsumeIntegral<uint8_t>(), on_record);
        break;
      default: {
        const size_t bound = input.ConsumeIntegralInRange<size_t>(0, 3000);
        (void)node->Send(bound, [](std::span<std::byte> room) {
          std::memset(room.data(), 's', room.size());
          return room.size();
        });
      }
    }
  }
  (void)node->Drain(1000, on_record);
  return 0;
}
