#pragma once

#include <Python.h>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "asgi/names.h"
#include "py/object_cache.h"
#include "py/ref.h"
#include "wire/http_head.h"

namespace nasgi::worker {

// The version of ASGI that every scope names, that of lifespan included.
inline constexpr char kAsgiVersion[] = "3.0";

// What the head of a request says apart from its scope.
struct RequestTraits {
  py::Ref method;               // str; nothing for a WebSocket
  py::Ref path;                 // str
  bool is_head = false;         // the method is HEAD
  bool wants_continue = false;  // the client sends the body only after a 100 response
  bool wants_range = false;     // the client asks for a part of the response
};

// Builds the connection scopes (ASGI www spec 2.5) of requests and WebSockets from their heads.
//
// Thread safety: the loop's thread only, with the GIL held.
// Lifetime: `names` must outlive it. A head is used during the call only.
// Failure: nothing, with an exception set. The head is trusted: Node has checked it.
class ScopeBuilder {
 public:
  // `state`: the lifespan's state dict, copied shallowly into each scope; nothing = no such key.
  ScopeBuilder(const Names& names, py::Ref state, std::string root_path)
      : names_(names), state_(std::move(state)), root_path_(std::move(root_path)) {}

  [[nodiscard]] py::Ref Http(std::string_view head, RequestTraits* traits);
  [[nodiscard]] py::Ref WebSocket(std::string_view head, RequestTraits* traits);

  [[nodiscard]] int Traverse(visitproc visit, void* arg) const;

 private:
  using Fields = std::array<std::string_view, wire::kHeadFields>;

  // These return false with an exception set.
  [[nodiscard]] bool MakeTemplates();
  [[nodiscard]] bool SetPath(const py::Ref& scope, std::string_view raw_path,
                             std::string_view mount, py::Ref* path);
  [[nodiscard]] bool SetAddress(const py::Ref& scope, const py::Ref& key, std::string_view host,
                                std::string_view port);

  // Adds what Node says about the request, which the field `data` of its head holds.
  [[nodiscard]] bool SetNodeData(const py::Ref& scope, std::string_view data);

  // Fills what both kinds of scope have in common into a copy of the template `from`.
  [[nodiscard]] py::Ref Common(const py::Ref& from, std::string_view head, Fields* fields,
                               RequestTraits* traits);
  // Made once for each combination of features.
  [[nodiscard]] py::Ref FeatureDict(std::string_view features);
  [[nodiscard]] py::Ref Extensions(std::string_view features, std::string_view tls);
  // The dict of extensions.tls. The last one is kept for the next request of its connection.
  [[nodiscard]] py::Ref Tls(std::string_view json);
  [[nodiscard]] py::Ref Headers(wire::HeadReader* reader);
  // The tokens of all sec-websocket-protocol headers that Headers() has just read.
  [[nodiscard]] py::Ref Subprotocols() const;
  [[nodiscard]] py::Ref HttpVersion(std::string_view version) const;

  const Names& names_;
  py::Ref state_;
  std::string root_path_;
  // With every key, in the order of the specification.
  py::Ref http_template_;
  py::Ref websocket_template_;
  py::Ref asgi_;
  std::string scratch_;
  std::map<std::string, py::Ref, std::less<>> features_;
  std::string tls_json_;
  py::Ref tls_;
  std::vector<wire::Header> headers_;
  py::ObjectCache pairs_;      // (name, value) of headers
  py::ObjectCache addresses_;  // (host, port)
};

}  // namespace nasgi::worker
