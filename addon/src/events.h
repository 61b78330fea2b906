#pragma once

#include <napi.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "js.h"
#include "wire/protocol.h"

namespace nasgi::addon {

// What a channel tells JavaScript. The numbers are those of the messages that they come from.
enum class EventType : uint32_t {
  kResponseStart = static_cast<uint32_t>(wire::MessageType::kResponse),
  kBody = static_cast<uint32_t>(wire::MessageType::kBody),
  kCredit = static_cast<uint32_t>(wire::MessageType::kCredit),
  kAppError = static_cast<uint32_t>(wire::MessageType::kAppError),
  kClosed = static_cast<uint32_t>(wire::MessageType::kClosed),
  kReady = static_cast<uint32_t>(wire::MessageType::kReady),
  kStartupFailed = static_cast<uint32_t>(wire::MessageType::kStartupFailed),
  kStopped = static_cast<uint32_t>(wire::MessageType::kStopped),
  kAccept = static_cast<uint32_t>(wire::MessageType::kAccept),
  kMessage = static_cast<uint32_t>(wire::MessageType::kMessage),
  kClose = static_cast<uint32_t>(wire::MessageType::kClose),
  kTrailers = static_cast<uint32_t>(wire::MessageType::kTrailers),
  kFile = static_cast<uint32_t>(wire::MessageType::kFile),
  kEarlyHint = static_cast<uint32_t>(wire::MessageType::kEarlyHint),
  kPush = static_cast<uint32_t>(wire::MessageType::kPush),
  kContinue = static_cast<uint32_t>(wire::MessageType::kContinue),
  kPong = static_cast<uint32_t>(wire::MessageType::kPong),
  kCorrupt = 255,  // not of the wire: the worker broke it
};

inline constexpr std::array<std::pair<const char*, EventType>, 18> kEventTypes = {{
    {"RESPONSE_START", EventType::kResponseStart},
    {"BODY", EventType::kBody},
    {"CREDIT", EventType::kCredit},
    {"APP_ERROR", EventType::kAppError},
    {"CLOSED", EventType::kClosed},
    {"READY", EventType::kReady},
    {"STARTUP_FAILED", EventType::kStartupFailed},
    {"STOPPED", EventType::kStopped},
    {"ACCEPT", EventType::kAccept},
    {"MESSAGE", EventType::kMessage},
    {"CLOSE", EventType::kClose},
    {"TRAILERS", EventType::kTrailers},
    {"FILE", EventType::kFile},
    {"EARLY_HINT", EventType::kEarlyHint},
    {"PUSH", EventType::kPush},
    {"CONTINUE", EventType::kContinue},
    {"PONG", EventType::kPong},
    {"CORRUPT", EventType::kCorrupt},
}};

// The events of one drain as one flat JavaScript array, kStride slots an event, so that a drain
// crosses into JavaScript once and not once a response. Lives within one handle scope.
class EventArray {
 public:
  static constexpr uint32_t kStride = 6;  // type, stream, and four of its own

  explicit EventArray(napi_env env) : env_(env) { napi_create_array(env, &array_); }

  void Add(EventType type, uint32_t stream, std::initializer_list<napi_value> values = {}) {
    Set(0, Number(env_, static_cast<uint32_t>(type)));
    Set(1, Number(env_, stream));
    uint32_t slot = 2;
    for (napi_value value : values) Set(slot++, value);
    while (slot < kStride) Set(slot++, Undefined());
    next_ += kStride;
  }

  [[nodiscard]] bool empty() const { return next_ == 0; }
  [[nodiscard]] napi_value array() const { return array_; }
  [[nodiscard]] napi_env env() const { return env_; }
  [[nodiscard]] napi_value Undefined() const {
    napi_value value = nullptr;
    napi_get_undefined(env_, &value);
    return value;
  }

 private:
  void Set(uint32_t slot, napi_value value) { napi_set_element(env_, array_, next_ + slot, value); }

  napi_env env_;
  napi_value array_ = nullptr;
  uint32_t next_ = 0;
};

}  // namespace nasgi::addon
