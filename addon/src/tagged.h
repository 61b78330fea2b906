#pragma once

#include <napi.h>

#include <string>

#include "errors.h"

// Type-safe unwrapping of the addon's own JavaScript classes. JavaScript may pass any object where
// the addon expects one of its own, so each object carries the tag of its class.
//
// A class T takes part by deriving from Napi::ObjectWrap<T> and declaring
//   static constexpr const char* kClassName   its name in JavaScript
//   static constexpr napi_type_tag kTypeTag   random, different for each class
//
// Thread safety: the environment's own thread.
// Lifetime: JavaScript owns the objects.
// Failure: a TypeError is left pending.
namespace nasgi::addon {

// Marks `object` as the wrapper of a T. To be called once, at the end of a successful constructor:
// an object whose constructor failed stays unmarked and is never unwrapped.
template <class T>
void Tag(Napi::Value object) {
  napi_type_tag_object(object.Env(), object, &T::kTypeTag);
}

// The T that `value` wraps; borrowed, valid as long as `value` is referenced. Null, with a
// TypeError pending, when `value` is anything else.
template <class T>
[[nodiscard]] T* UnwrapTagged(Napi::Value value) {
  bool tagged = false;
  if (value.IsObject()) {
    napi_check_object_type_tag(value.Env(), value, &T::kTypeTag, &tagged);
  }
  if (!tagged) {
    ThrowTypeError(value.Env(), (std::string("expected a ") + T::kClassName).c_str());
    return nullptr;
  }
  return T::Unwrap(value.As<Napi::Object>());
}

}  // namespace nasgi::addon
