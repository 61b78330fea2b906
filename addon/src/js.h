#pragma once

#include <napi.h>

#include <cstdint>
#include <span>
#include <string_view>

// Small helpers between C++ values and JavaScript. Errors are left pending in the environment.
namespace nasgi::addon {

// Throws Error(message) with a stable `code`.
inline void ThrowCoded(Napi::Env env, const char* code, std::string_view message) {
  Napi::Error error = Napi::Error::New(env, std::string(message));
  error.Set("code", Napi::String::New(env, code));
  error.ThrowAsJavaScriptException();
}

inline napi_value Latin1(napi_env env, std::string_view text) {
  napi_value value = nullptr;
  napi_create_string_latin1(env, text.data(), text.size(), &value);
  return value;
}

inline napi_value Utf8(napi_env env, std::string_view text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

inline napi_value Number(napi_env env, uint32_t number) {
  napi_value value = nullptr;
  napi_create_uint32(env, number, &value);
  return value;
}

inline napi_value Boolean(napi_env env, bool boolean) {
  napi_value value = nullptr;
  napi_get_boolean(env, boolean, &value);
  return value;
}

// A Buffer that owns a copy.
inline napi_value Buffer(napi_env env, std::string_view bytes) {
  napi_value value = nullptr;
  napi_create_buffer_copy(env, bytes.size(), bytes.data(), nullptr, &value);
  return value;
}

// The bytes of a Uint8Array (or Buffer); borrowed while the value lives. False, with a TypeError
// pending, for anything else.
inline bool BytesOf(Napi::Value value, std::string_view* bytes) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    Napi::TypeError::New(value.Env(), "expected a Uint8Array").ThrowAsJavaScriptException();
    return false;
  }
  const auto array = value.As<Napi::Uint8Array>();
  *bytes = {reinterpret_cast<const char*>(array.Data()), array.ByteLength()};
  return true;
}

// Calls a JavaScript function from the event loop, promises and ticks included. What it throws goes
// the way of every uncaught exception. An environment that is being terminated takes no calls.
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
