#include "asgi/names.h"

#include "py/intern.h"

namespace nasgi::worker {

bool Names::Init() {
  static const py::Spelling<Names> kTable[] = {
      {&Names::type, "type"},
      {&Names::asgi, "asgi"},
      {&Names::http, "http"},
      {&Names::http_version, "http_version"},
      {&Names::method, "method"},
      {&Names::scheme, "scheme"},
      {&Names::path, "path"},
      {&Names::raw_path, "raw_path"},
      {&Names::query_string, "query_string"},
      {&Names::root_path, "root_path"},
      {&Names::headers, "headers"},
      {&Names::client, "client"},
      {&Names::server, "server"},
      {&Names::state, "state"},
      {&Names::node, "node"},
      {&Names::extensions, "extensions"},
      {&Names::body, "body"},
      {&Names::more_body, "more_body"},
      {&Names::status, "status"},
      {&Names::http_request, "http.request"},
      {&Names::http_disconnect, "http.disconnect"},
      {&Names::response_start, "http.response.start"},
      {&Names::response_body, "http.response.body"},
      {&Names::http_1_0, "1.0"},
      {&Names::http_1_1, "1.1"},
      {&Names::http_2, "2"},
      {&Names::https, "https"},
      {&Names::ws, "ws"},
      {&Names::wss, "wss"},
      {&Names::get, "GET"},
      {&Names::subprotocols, "subprotocols"},
      {&Names::subprotocol, "subprotocol"},
      {&Names::text, "text"},
      {&Names::bytes, "bytes"},
      {&Names::code, "code"},
      {&Names::reason, "reason"},
      {&Names::trailers, "trailers"},
      {&Names::more_trailers, "more_trailers"},
      {&Names::links, "links"},
      {&Names::file, "file"},
      {&Names::offset, "offset"},
      {&Names::count, "count"},
      {&Names::tls, "tls"},
      {&Names::response_trailers, "http.response.trailers"},
      {&Names::response_pathsend, "http.response.pathsend"},
      {&Names::response_zerocopysend, "http.response.zerocopysend"},
      {&Names::response_early_hint, "http.response.early_hint"},
      {&Names::response_push, "http.response.push"},
      {&Names::websocket, "websocket"},
      {&Names::websocket_connect, "websocket.connect"},
      {&Names::websocket_receive, "websocket.receive"},
      {&Names::websocket_disconnect, "websocket.disconnect"},
      {&Names::websocket_accept, "websocket.accept"},
      {&Names::websocket_send, "websocket.send"},
      {&Names::websocket_close, "websocket.close"},
      {&Names::denial_start, "websocket.http.response.start"},
      {&Names::denial_body, "websocket.http.response.body"}};
  return py::Intern(this, kTable);
}

}  // namespace nasgi::worker
