#pragma once

#include "py/ref.h"

namespace nasgi::worker {

// Keys and values of ASGI messages and scopes, interned once. Members are named after the strings.
//
// Thread safety: needs the GIL; constant after Init.
// Failure: Init returns false with a Python exception set.
struct Names {
  py::Ref type, asgi, http, http_version, method, scheme, path, raw_path, query_string, root_path,
      headers, client, server, state, extensions, body, more_body, status, subprotocols,
      subprotocol, text, bytes, code, reason, trailers, more_trailers, links, file, offset, count,
      tls, node;
  py::Ref http_request, http_disconnect, response_start, response_body;
  py::Ref response_trailers, response_pathsend, response_zerocopysend, response_early_hint,
      response_push;
  py::Ref websocket, websocket_connect, websocket_receive, websocket_disconnect, websocket_accept,
      websocket_send, websocket_close, denial_start, denial_body;
  py::Ref http_1_0, http_1_1, http_2, https, ws, wss, get;

  [[nodiscard]] bool Init();
};

}  // namespace nasgi::worker
