// What native code of an application can do to the memory that it shares with Node, for ctypes.
// fixtures/apps/scribbling_app.py calls these functions in a thread, which takes no GIL meanwhile.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace {

using Clock = std::chrono::steady_clock;

// xorshift64*.
uint64_t Next(uint64_t* state) {
  *state ^= *state >> 12U;
  *state ^= *state << 25U;
  *state ^= *state >> 27U;
  return *state * 0x2545'F491'4F6C'DD1DU;
}

}  // namespace

extern "C" {

// For `milliseconds`, changes all bytes `a` into `b`, and those back, over and over. The length of
// UTF-8 text that contains them changes all the time.
[[gnu::visibility("default")]] void FlipText(volatile unsigned char* bytes, size_t size,
                                             unsigned char a, unsigned char b, int milliseconds) {
  const Clock::time_point end = Clock::now() + std::chrono::milliseconds(milliseconds);
  while (Clock::now() < end) {
    for (size_t i = 0; i < size; ++i) {
      const unsigned char byte = bytes[i];
      if (byte == a || byte == b) bytes[i] = static_cast<unsigned char>(byte ^ a ^ b);
    }
  }
}

// For `milliseconds`, changes random bits. `pause` is how many microseconds pass between two.
[[gnu::visibility("default")]] void FlipBits(volatile unsigned char* bytes, size_t size,
                                             uint64_t seed, int pause, int milliseconds) {
  const Clock::time_point end = Clock::now() + std::chrono::milliseconds(milliseconds);
  Clock::time_point next = Clock::now();
  uint64_t state = seed | 1U;
  while (next < end) {
    next += std::chrono::microseconds(pause);
    while (Clock::now() < next) {
    }
    const uint64_t random = Next(&state);
    const size_t at = (random >> 8U) % size;
    bytes[at] = static_cast<unsigned char>(bytes[at] ^ (1U << (random & 7U)));
  }
}

}  // extern "C"
