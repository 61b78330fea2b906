#pragma once

#include <cstdint>

#include "wire/protocol.h"

namespace nasgi::wire {

// Whether a close frame of a WebSocket may carry the code (RFC 6455, 7.4, and the registry of
// IANA).
//
// Thread safety: any thread.
// Lifetime: none.
// Failure: none.
[[nodiscard]] constexpr bool IsCloseCode(int64_t code) {
  constexpr int64_t kLastRegistered = 1014;
  constexpr int64_t kReserved = 1004;
  return (code >= kMinCloseCode && code <= kLastRegistered && code != kReserved &&
          code != kNoStatusReceived && code != kAbnormalClosure) ||
         (code >= kMinAppCloseCode && code <= kMaxCloseCode);
}

}  // namespace nasgi::wire
