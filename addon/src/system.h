#pragma once

#include <napi.h>

// What JavaScript asks the operating system about users, processes and protection, as functions
// that the module exports. addon/lib/binding.js documents them for JavaScript.
//
// Thread safety: any thread with an environment.
// Failure: a JavaScript exception is pending.
namespace nasgi::addon {

void DefineSystem(Napi::Env env, Napi::Object exports);

}  // namespace nasgi::addon
