#pragma once

#include <Python.h>

#include "py/ref.h"

namespace nasgi::worker {

// Keys and values of ASGI messages, interned once. Names follow the strings.
struct Names {
  py::Ref type, asgi, http, http_version, method, scheme, path, raw_path, query_string, root_path,
      headers, client, server, state, extensions, body, more_body, status, subprotocols,
      subprotocol, text, bytes, code, reason, trailers, more_trailers, links, file, offset, count,
      tls;
  py::Ref http_request, http_disconnect, response_start, response_body;
  py::Ref response_trailers, response_pathsend, response_zerocopysend, response_early_hint,
      response_push;
  py::Ref websocket, websocket_connect, websocket_receive, websocket_disconnect, websocket_accept,
      websocket_send, websocket_close, denial_start, denial_body;
  py::Ref http_1_0, http_1_1, http_2, https, ws, wss, get;
  py::Ref call_soon, create_future, done, set_result, cancel, throw_, await;

  // False: a Python exception is set.
  [[nodiscard]] bool Init();
};

// What the module owns. Objects of its types keep the module alive, and so this.
struct ModuleState {
  PyTypeObject* awaitable_type = nullptr;
  PyTypeObject* channel_type = nullptr;
  PyTypeObject* http_cycle_type = nullptr;
  PyTypeObject* websocket_cycle_type = nullptr;
  py::Ref client_disconnected;  // class ClientDisconnected(OSError)
  py::Ref cancelled_error;      // asyncio.CancelledError
  py::Ref coroutine_type;       // types.CoroutineType
  Names names;
};

}  // namespace nasgi::worker
