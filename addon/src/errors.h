#pragma once

#include <napi.h>

#include <string_view>

#include "base/status.h"

// The errors that the addon throws. Each function creates an Error and leaves it pending in `env`;
// the caller returns to JavaScript without another call into it.
//
// All are cold, which keeps the making of their messages out of the hot paths that call them.
//
// Thread safety: the thread of `env`.
// Lifetime: texts are copied.
// Failure: if the environment is being terminated, nothing is pending, and JavaScript no longer
// runs anyway.
namespace nasgi::addon {

// An Error with a stable `code`.
[[gnu::cold]] void ThrowCoded(Napi::Env env, const char* code, std::string_view message);
// ERR_CLOSED. `what` names the object that was closed, for example "channel".
[[gnu::cold]] void ThrowClosed(Napi::Env env, std::string_view what);
// ERR_NO_RESOURCES: the system refused memory or a file descriptor. `status` is not ok.
[[gnu::cold]] void ThrowNoResources(Napi::Env env, const base::Status& status);
// A TypeError without a code, for a call that breaks the contract in addon/lib/binding.js.
[[gnu::cold]] void ThrowTypeError(Napi::Env env, const char* message);

}  // namespace nasgi::addon
