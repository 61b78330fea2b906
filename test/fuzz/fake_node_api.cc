#include "fake_node_api.h"

#include <node_api.h>

#include <deque>

#include "chunk_pool.h"
#include "fuzz.h"

namespace nasgi::fuzz {
namespace {

std::deque<FakeValue> values;

FakeValue* Make(FakeValue::Kind kind, napi_value* result) {
  FakeValue& value = values.emplace_back();
  value.kind = kind;
  *result = reinterpret_cast<napi_value>(&value);
  return &value;
}

napi_status Text(const char* text, size_t length, FakeValue::Kind kind, napi_value* result) {
  Make(kind, result)->text.assign(text, length);  // reads all of it
  return napi_ok;
}

}  // namespace

void ForgetValues() { values.clear(); }

}  // namespace nasgi::fuzz

// Every chunk gets a new Buffer.
nasgi::addon::ChunkPool::Chunk nasgi::addon::ChunkPool::Take() { return {}; }

using nasgi::fuzz::FakeValue;
using nasgi::fuzz::Make;

extern "C" {

napi_status napi_get_undefined(napi_env /*env*/, napi_value* result) {
  Make(FakeValue::kUndefined, result);
  return napi_ok;
}

napi_status napi_get_boolean(napi_env /*env*/, bool value, napi_value* result) {
  Make(FakeValue::kBoolean, result)->number = value ? 1 : 0;
  return napi_ok;
}

napi_status napi_create_uint32(napi_env /*env*/, uint32_t value, napi_value* result) {
  Make(FakeValue::kNumber, result)->number = value;
  return napi_ok;
}

napi_status napi_create_string_latin1(napi_env /*env*/, const char* text, size_t length,
                                      napi_value* result) {
  return nasgi::fuzz::Text(text, length, FakeValue::kText, result);
}

napi_status napi_create_string_utf8(napi_env /*env*/, const char* text, size_t length,
                                    napi_value* result) {
  return nasgi::fuzz::Text(text, length, FakeValue::kText, result);
}

napi_status napi_create_buffer_copy(napi_env /*env*/, size_t length, const void* bytes,
                                    void** /*copy*/, napi_value* result) {
  return nasgi::fuzz::Text(static_cast<const char*>(bytes), length, FakeValue::kBytes, result);
}

napi_status napi_create_array_with_length(napi_env /*env*/, size_t length, napi_value* result) {
  Make(FakeValue::kArray, result)->elements.resize(length);
  return napi_ok;
}

napi_status napi_set_element(napi_env /*env*/, napi_value array, uint32_t index,
                             napi_value element) {
  auto* value = reinterpret_cast<FakeValue*>(array);
  nasgi::fuzz::Require(index < value->elements.size(), "an element is beyond its array");
  value->elements[index] = reinterpret_cast<FakeValue*>(element);
  return napi_ok;
}

}  // extern "C"
