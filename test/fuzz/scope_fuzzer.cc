// ScopeBuilder: every head that the addon lets through becomes a scope, or a Python exception.
#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "asgi/names.h"
#include "asgi/scope.h"
#include "fuzz.h"
#include "wire/http_head.h"

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  Py_InitializeEx(0);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nasgi;  // NOLINT(google-build-using-namespace)
  static worker::Names names;
  static const bool ready = names.Init();
  fuzz::Require(ready, "the names cannot be made");
  static worker::ScopeBuilder scopes(names, {}, "");
  if (size == 0) return 0;
  std::string head(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (wire::NormalizeRequestHead(head).fault != wire::HeadFault::kOk) return 0;
  worker::RequestTraits traits;
  const py::Ref scope =
      data[0] % 2 == 0 ? scopes.Http(head, &traits) : scopes.WebSocket(head, &traits);
  fuzz::Require(static_cast<bool>(scope) == (PyErr_Occurred() == nullptr),
                "a scope comes with an exception, or neither comes");
  if (!scope) PyErr_Clear();
  return 0;
}
