#pragma once

#include <napi.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "errors.h"

// Conversions between C++ and JavaScript values.
//
// Thread safety: the thread of the environment.
// Lifetime: a napi_value lives as long as the handle scope that is open when it is made.
// Failure: conversions to JavaScript return null when the environment is being terminated;
// JavaScript does not run again then. Conversions to C++ say what they leave pending.
namespace nasgi::addon {

[[nodiscard]] inline napi_value Latin1(napi_env env, std::string_view text) {
  napi_value value = nullptr;
  napi_create_string_latin1(env, text.data(), text.size(), &value);
  return value;
}

[[nodiscard]] inline napi_value Utf8(napi_env env, std::string_view text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

[[nodiscard]] inline napi_value Number(napi_env env, uint32_t number) {
  napi_value value = nullptr;
  napi_create_uint32(env, number, &value);
  return value;
}

[[nodiscard]] inline napi_value Boolean(napi_env env, bool boolean) {
  napi_value value = nullptr;
  napi_get_boolean(env, boolean, &value);
  return value;
}

// A Buffer with a copy of `bytes`.
[[nodiscard]] inline napi_value Buffer(napi_env env, std::string_view bytes) {
  napi_value value = nullptr;
  napi_create_buffer_copy(env, bytes.size(), bytes.data(), nullptr, &value);
  return value;
}

// `value` converted to an unsigned 32-bit integer by the rules of JavaScript.
[[nodiscard]] inline uint32_t Uint32(Napi::Value value) { return value.ToNumber().Uint32Value(); }

// The bytes of a Uint8Array (or Buffer); borrowed while the value lives. False, with a TypeError
// pending, for anything else.
[[nodiscard]] inline bool BytesOf(Napi::Value value, std::string_view* bytes) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    ThrowTypeError(value.Env(), "expected a Uint8Array");
    return false;
  }
  const auto array = value.As<Napi::Uint8Array>();
  *bytes = {reinterpret_cast<const char*>(array.Data()), array.ByteLength()};
  return true;
}

// Calls a JavaScript function from the event loop and then runs its promises and ticks. An
// exception that it throws becomes an uncaught exception of the environment. Does nothing when the
// environment is being terminated.
inline void CallBack(Napi::Env env, const Napi::AsyncContext& context, napi_value receiver,
                     const Napi::FunctionReference& function,
                     std::span<const napi_value> arguments) {
  const napi_status called = napi_make_callback(env, context, receiver, function.Value(),
                                                arguments.size(), arguments.data(), nullptr);
  bool thrown = false;
  napi_value exception = nullptr;
  if (called == napi_pending_exception && napi_is_exception_pending(env, &thrown) == napi_ok &&
      thrown && napi_get_and_clear_last_exception(env, &exception) == napi_ok) {
    napi_fatal_exception(env, exception);
  }
}

}  // namespace nasgi::addon
