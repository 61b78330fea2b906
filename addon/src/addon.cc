#include <napi.h>

#include "channel.h"
#include "control.h"
#include "events.h"
#include "shm/layout.h"
#include "wire/control.h"
#include "wire/http_head.h"
#include "wire/protocol.h"

namespace nasgi::addon {

namespace {

// Everything that JavaScript needs of the protocol, so that it repeats no number.
Napi::Object Init(Napi::Env env, Napi::Object exports) {
  Napi::Object limits = Napi::Object::New(env);
  limits.Set("chunk", static_cast<double>(wire::kMaxChunk));
  limits.Set("window", static_cast<double>(wire::kWindow));
  limits.Set("head", static_cast<double>(wire::kMaxHead));
  limits.Set("messageOverhead", static_cast<double>(wire::kMessageOverhead));
  limits.Set("closeReason", static_cast<double>(wire::kMaxCloseReason));
  limits.Set("minRing", static_cast<double>(wire::kMinRing));
  limits.Set("maxRing", static_cast<double>(shm::kMaxCapacity));
  limits.Set("defaultRing", static_cast<double>(shm::kDefaultCapacity));
  limits.Set("minStatus", static_cast<double>(wire::kMinStatus));
  limits.Set("maxStatus", static_cast<double>(wire::kMaxStatus));
  limits.Set("minCloseCode", static_cast<double>(wire::kMinCloseCode));
  limits.Set("maxCloseCode", static_cast<double>(wire::kMaxCloseCode));
  limits.Set("minAppCloseCode", static_cast<double>(wire::kMinAppCloseCode));

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
  exports.Set("stacksSignal", wire::kStacksSignal);
  exports.Set("limits", limits);
  exports.Set("descriptors", descriptors);
  exports.Set("eventTypes", event_types);
  exports.Set("eventStride", EventArray::kStride);
  exports.Set("headFields", head_fields);
  exports.Set("features", features);
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
