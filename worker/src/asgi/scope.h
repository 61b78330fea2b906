#pragma once

#include <Python.h>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "asgi/module_state.h"
#include "py/object_cache.h"
#include "wire/http_head.h"

namespace nasgi::worker {

// What else than its scope the head of a request says.
struct RequestTraits {
  bool is_head = false;  // the method is HEAD
  bool wants_continue = false;
};

// Builds the connection scopes (ASGI www spec 2.5) of requests and WebSockets from the head that
// travelled.
class ScopeBuilder {
 public:
  // `state`: the lifespan's state dict, copied shallowly into each scope; nothing = no such key.
  // `names` must outlive this.
  ScopeBuilder(const Names& names, py::Ref state, std::string root_path)
      : names_(names), state_(std::move(state)), root_path_(std::move(root_path)) {}

  // The scope, or nothing with an exception set.
  [[nodiscard]] py::Ref Http(std::string_view head, RequestTraits* traits);
  [[nodiscard]] py::Ref WebSocket(std::string_view head);

  int Traverse(visitproc visit, void* arg) const;

 private:
  using Fields = std::array<std::string_view, wire::kHeadFields>;

  [[nodiscard]] bool MakeTemplates();
  // What is the same in both kinds.
  [[nodiscard]] py::Ref Common(const py::Ref& from, std::string_view head, Fields* fields);
  [[nodiscard]] bool SetPath(const py::Ref& scope, std::string_view raw_path,
                             std::string_view mount);
  // Made once for each combination of features.
  [[nodiscard]] py::Ref FeatureDict(std::string_view features);
  [[nodiscard]] py::Ref Extensions(std::string_view features, std::string_view tls);
  // The dict of extensions.tls; those of the last connection are kept, for its next request.
  [[nodiscard]] py::Ref Tls(std::string_view json);
  [[nodiscard]] py::Ref Headers(wire::HeadReader* reader);
  [[nodiscard]] bool SetAddress(const py::Ref& scope, const py::Ref& key, std::string_view host,
                                std::string_view port);
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
  ObjectCache pairs_;      // (name, value) of headers
  ObjectCache addresses_;  // (host, port)
};

}  // namespace nasgi::worker
