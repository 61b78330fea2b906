#pragma once

#include <napi.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chunk_pool.h"
#include "js.h"
#include "wire/protocol.h"

namespace nasgi::addon {

// What a channel tells JavaScript. Each number is that of the message that the event comes from.
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
  // Not messages: the worker has closed its end of the bell; it broke the protocol.
  kHangUp = 254,
  kCorrupt = 255,
};

// The names under which JavaScript knows them.
inline constexpr std::array<std::pair<const char*, EventType>, 19> kEventTypes = {{
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
    {"HANG_UP", EventType::kHangUp},
    {"CORRUPT", EventType::kCorrupt},
}};

// The events of one drain as the arguments of one JavaScript call, kStride slots an event, so that
// a drain crosses into JavaScript once rather than once for each response. (They are arguments
// because setting the elements of an array one by one cost 0.4 µs an event.)
//
// Thread safety: the thread of the environment.
// Lifetime: within the handle scope that is open when it is made. The pool must outlive it.
// Failure: cannot report any. While the environment is being terminated its values are null, and
// the call that would take them does not happen.
class EventArray {
 public:
  // Type, stream, and four slots that depend on the type. The bytes of an event have one of three
  // forms: undefined for none; a number n for the next n of the bytes that small events share; or
  // a Buffer.
  static constexpr uint32_t kStride = 6;

  EventArray(napi_env env, ChunkPool* chunks) : env_(env), chunks_(chunks) {
    napi_get_undefined(env, &undefined_);
    slots_.push_back(undefined_);
  }

  // `values` has at most kStride - 2 elements; the slots left over are undefined.
  void Add(EventType type, uint32_t stream, std::initializer_list<napi_value> values = {}) {
    only_credit_ = only_credit_ && type == EventType::kCredit;
    slots_.push_back(Number(env_, static_cast<uint32_t>(type)));
    slots_.push_back(Number(env_, stream));
    slots_.insert(slots_.end(), values);
    slots_.resize(slots_.size() + kStride - 2 - values.size(), undefined_);
  }

  // Adds the event of a file, which Streams keeps until JavaScript has seen the event.
  void AddFile(uint32_t stream, std::initializer_list<napi_value> values) {
    Add(EventType::kFile, stream, values);
    files_.push_back(stream);
  }
  [[nodiscard]] const std::vector<uint32_t>& files() const { return files_; }

  // A slot for `bytes`, which are copied. To be called in the order of the events. Small ones share
  // a Buffer, because one each cost 0.5 µs, most of it in malloc and the garbage collector.
  [[nodiscard]] napi_value Bytes(std::string_view bytes) {
    if (bytes.empty()) return undefined_;
    if (bytes.size() > kSmall || shared_.size() + bytes.size() > kMaxShared) {
      return bytes.size() == wire::kMaxChunk ? Chunk(bytes) : Buffer(env_, bytes);
    }
    shared_.append(bytes);
    return Number(env_, static_cast<uint32_t>(bytes.size()));
  }

  // A slot for joined headers. The responses of a drain often have the same ones, so neighbours
  // share a string.
  [[nodiscard]] napi_value Headers(std::string_view headers) {
    if (last_headers_ == nullptr || headers != last_headers_text_) {
      last_headers_ = Latin1(env_, headers);
      last_headers_text_ = headers;
    }
    return last_headers_;
  }

  [[nodiscard]] bool empty() const { return slots_.size() == 1; }
  // Whether there is no other event than credit.
  [[nodiscard]] bool only_credit() const { return only_credit_; }
  [[nodiscard]] napi_env env() const { return env_; }
  [[nodiscard]] napi_value Undefined() const { return undefined_; }

  // The shared bytes, followed by the events; valid until the next Add().
  [[nodiscard]] std::span<const napi_value> Arguments() {
    if (!shared_.empty()) slots_[0] = Buffer(env_, shared_);
    return slots_;
  }

 private:
  static constexpr size_t kSmall = 4 * 1024;       // bytes of a body that is shared, at most
  static constexpr size_t kMaxShared = 64 * 1024;  // bytes of all that are

  [[nodiscard]] napi_value Chunk(std::string_view bytes) {
    const ChunkPool::Chunk used = chunks_->Take();
    if (used.value == nullptr) return Buffer(env_, bytes);
    std::memcpy(used.bytes, bytes.data(), bytes.size());
    return used.value;
  }

  napi_env env_;
  ChunkPool* const chunks_;
  napi_value undefined_ = nullptr;
  std::vector<napi_value> slots_;
  bool only_credit_ = true;
  std::string shared_;
  napi_value last_headers_ = nullptr;
  std::string last_headers_text_;
  std::vector<uint32_t> files_;  // streams
};

}  // namespace nasgi::addon
