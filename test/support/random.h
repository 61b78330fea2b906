#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace nasgi::test {

// Tests divide their counts by this, because everything is slower under a sanitizer.
#if defined(__SANITIZE_THREAD__)
inline constexpr int kSlowdown = 20;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr int kSlowdown = 4;
#else
inline constexpr int kSlowdown = 1;
#endif

// The seed in NODE_ASGI_TEST_SEED if that is set, otherwise a new one. It is printed, so that a
// failure can be repeated.
inline uint64_t TestSeed() {
  const char* fixed = std::getenv("NODE_ASGI_TEST_SEED");
  const uint64_t seed =
      fixed != nullptr ? std::strtoull(fixed, nullptr, 0) : std::random_device()();
  std::printf("NODE_ASGI_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

// splitmix64: small, fast, and the same on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }
  // 0 .. limit - 1
  uint64_t Below(uint64_t limit) { return Next() % limit; }

 private:
  uint64_t state_;
};

}  // namespace nasgi::test
