// What the module exports: the classes Control and Channel, functions about users, processes
// and protection, and every number of the protocol that JavaScript needs, so that JavaScript
// repeats none. addon/lib/binding.js documents the exports.
#include <napi.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "base/os.h"
#include "channel.h"
#include "control.h"
#include "events.h"
#include "shm/layout.h"
#include "system.h"
#include "wire/control.h"
#include "wire/http_head.h"
#include "wire/protocol.h"

namespace nasgi::addon {

namespace {

constexpr std::array<std::pair<const char*, uint64_t>, 13> kLimits = {{
    // Bytes.
    {"chunk", wire::kMaxChunk},
    {"window", wire::kWindow},
    {"head", wire::kMaxHead},
    {"messageOverhead", wire::kMessageOverhead},
    {"closeReason", wire::kMaxCloseReason},
    {"minRing", wire::kMinRing},
    {"maxRing", shm::kMaxCapacity},
    {"defaultRing", shm::kDefaultCapacity},
    // The status of a final response, and the close codes of a WebSocket.
    {"minStatus", wire::kMinStatus},
    {"maxStatus", wire::kMaxStatus},
    {"minCloseCode", wire::kMinCloseCode},
    {"maxCloseCode", wire::kMaxCloseCode},
    {"minAppCloseCode", wire::kMinAppCloseCode},
}};

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  Napi::Object limits = Napi::Object::New(env);
  for (const auto& [name, limit] : kLimits) limits.Set(name, static_cast<double>(limit));
  Napi::Object descriptors = Napi::Object::New(env);
  descriptors.Set("control", wire::kControlFd);
  descriptors.Set("lifeline", wire::kLifelineFd);
  Napi::Object event_types = Napi::Object::New(env);
  for (const auto& [name, type] : kEventTypes) {
    event_types.Set(name, static_cast<double>(type));
  }
  Napi::Array head_fields = Napi::Array::New(env);
  for (uint32_t i = 0; i < wire::kHeadFieldNames.size(); ++i) {
    head_fields.Set(i, std::string(wire::kHeadFieldNames[i]));
  }
  Napi::Object features = Napi::Object::New(env);
  for (const auto& [name, letter] : wire::kFeatureNames) features.Set(name, std::string(1, letter));
  exports.Set("wireVersion", wire::kWireVersion);
  exports.Set("stacksSignal", base::kStacksSignal);
  exports.Set("outOfMemoryExit", wire::kOutOfMemoryExit);
  Napi::Object marks = Napi::Object::New(env);
  marks.Set("record", wire::kRecordMark);
  marks.Set("newline", wire::kNewlineMark);
  marks.Set("levels", wire::kLevelLetters);
  exports.Set("logMarks", marks);
  exports.Set("limits", limits);
  exports.Set("descriptors", descriptors);
  exports.Set("eventTypes", event_types);
  exports.Set("eventStride", EventArray::kStride);
  exports.Set("headFields", head_fields);
  exports.Set("features", features);
  DefineSystem(env, exports);
  exports.Set("Control", Control::Define(env));
  exports.Set("Channel", Channel::Define(env));
  return exports;
}

}  // namespace

}  // namespace nasgi::addon

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) {
  return nasgi::addon::Init(env, exports);
}

NODE_API_MODULE(node_asgi, InitAddon)
