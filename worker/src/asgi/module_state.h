#pragma once

#include <Python.h>

#include "asgi/names.h"
#include "loop/method_names.h"
#include "py/ref.h"

namespace nasgi::worker {

// What one instance of the module `_worker` owns: its types, and what it looks up once.
//
// Thread safety: needs the GIL; constant after the module has been initialized.
// Lifetime: objects of the module's types keep the module alive, and so this.
struct ModuleState {
  py::Ref awaitable_type;
  py::Ref channel_type;
  py::Ref http_cycle_type;
  py::Ref websocket_cycle_type;
  py::Ref client_disconnected;  // class ClientDisconnected(OSError)
  py::Ref cancelled_error;      // asyncio.CancelledError
  py::Ref coroutine_type;       // types.CoroutineType
  Names names;
  MethodNames method_names;
};

}  // namespace nasgi::worker
