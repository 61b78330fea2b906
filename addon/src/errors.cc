#include "errors.h"

#include <string>

namespace nasgi::addon {

void ThrowCoded(Napi::Env env, const char* code, std::string_view message) {
  Napi::Error error = Napi::Error::New(env, std::string(message));
  error.Set("code", Napi::String::New(env, code));
  error.ThrowAsJavaScriptException();
}

void ThrowClosed(Napi::Env env, std::string_view what) {
  ThrowCoded(env, "ERR_CLOSED", "the " + std::string(what) + " is closed");
}

void ThrowNoResources(Napi::Env env, const base::Status& status) {
  ThrowCoded(env, "ERR_NO_RESOURCES", status.message());
}

void ThrowTypeError(Napi::Env env, const char* message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
}

}  // namespace nasgi::addon
