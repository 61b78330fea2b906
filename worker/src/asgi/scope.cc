#include "asgi/scope.h"

#include <algorithm>
#include <charconv>

#include "asgi/node_data.h"
#include "py/text.h"

namespace nasgi::worker {

using py::Ref;

namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Percent-decodes. A '%' that does not begin an escape stays as it is (RFC 3986, 2.1 leaves it
// open).
void PercentDecode(std::string_view text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out->push_back(static_cast<char>((high << 4) | low));
        i += 2;
        continue;
      }
    }
    out->push_back(text[i]);
  }
}

// From the first byte of one field of a head to the last byte of a later field.
std::string_view Joined(std::string_view first, std::string_view last) {
  return {first.begin(), last.end()};
}

// (host, port). The port is None for a Unix socket, which has none.
Ref MakeAddress(std::string_view host, std::string_view port) {
  long number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool is_number = error == std::errc() && end == port.data() + port.size();
  const Ref host_object = py::Latin1(host);
  const Ref port_object = is_number ? Ref::Steal(PyLong_FromLong(number)) : Ref::Borrow(Py_None);
  if (!host_object || !port_object) return {};
  return Ref::Steal(PyTuple_Pack(2, host_object.get(), port_object.get()));
}

bool Under(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool Set(const Ref& dict, const Ref& key, const Ref& value) {
  return value && PyDict_SetItem(dict.get(), key.get(), value.get()) == 0;
}

}  // namespace

// A copy of a template has every key, so it is filled without growing, and the usual values are in
// place already.
bool ScopeBuilder::MakeTemplates() {
  asgi_ = Ref::Steal(Py_BuildValue("{s:s,s:s}", "version", kAsgiVersion, "spec_version", "2.5"));
  const Ref common = Ref::Steal(PyDict_New());
  const Ref none = Ref::Borrow(Py_None);
  if (!asgi_ || !common) return false;
  for (const Ref* key : {&names_.type, &names_.asgi, &names_.http_version, &names_.scheme,
                         &names_.path, &names_.raw_path, &names_.query_string, &names_.root_path,
                         &names_.headers, &names_.client, &names_.server, &names_.extensions}) {
    if (!Set(common, *key, none)) return false;
  }
  if (!Set(common, names_.http_version, names_.http_1_1) ||
      !Set(common, names_.query_string, py::Bytes({})) ||
      !Set(common, names_.root_path, py::Utf8(root_path_, "replace")) ||
      (state_ && !Set(common, names_.state, none))) {
    return false;
  }
  Ref http = Ref::Steal(PyDict_Copy(common.get()));
  Ref websocket = Ref::Steal(PyDict_Copy(common.get()));
  if (!http || !websocket || !Set(http, names_.type, names_.http) ||
      !Set(http, names_.method, names_.get) || !Set(http, names_.scheme, names_.http) ||
      !Set(websocket, names_.type, names_.websocket) ||
      !Set(websocket, names_.subprotocols, none)) {
    return false;
  }
  http_template_ = std::move(http);
  websocket_template_ = std::move(websocket);
  return true;
}

Ref ScopeBuilder::HttpVersion(std::string_view version) const {
  if (version == "1.0") return names_.http_1_0;
  if (version == "2") return names_.http_2;
  return py::Latin1(version);
}

Ref ScopeBuilder::Headers(wire::HeadReader* reader) {
  headers_.clear();
  while (!reader->done()) {
    const std::string_view name = reader->Next();
    headers_.push_back({name, reader->Next()});
  }
  Ref list = Ref::Steal(PyList_New(static_cast<Py_ssize_t>(headers_.size())));
  if (!list) return {};
  for (size_t i = 0; i < headers_.size(); ++i) {
    const wire::Header& header = headers_[i];
    Ref pair = pairs_.Get(Joined(header.name, header.value), [&header] {
      const Ref name_bytes = py::Bytes(header.name);
      const Ref value_bytes = py::Bytes(header.value);
      return name_bytes && value_bytes
                 ? Ref::Steal(PyTuple_Pack(2, name_bytes.get(), value_bytes.get()))
                 : Ref();
    });
    if (!pair) return {};
    PyList_SetItem(list.get(), static_cast<Py_ssize_t>(i), pair.release());
  }
  return list;
}

bool ScopeBuilder::SetAddress(const Ref& scope, const Ref& key, std::string_view host,
                              std::string_view port) {
  // Without a host, the None of the template stays.
  return host.empty() || Set(scope, key, addresses_.Get(Joined(host, port), [&host, &port] {
           return MakeAddress(host, port);
         }));
}

Ref ScopeBuilder::Subprotocols() const {
  Ref list = Ref::Steal(PyList_New(0));
  if (!list) return {};
  for (const wire::Header& header : headers_) {
    if (header.name != "sec-websocket-protocol") continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view token = Trim(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (token.empty()) continue;
      const Ref name = py::Latin1(token);
      if (!name || PyList_Append(list.get(), name.get()) != 0) return {};
    }
  }
  return list;
}

// root_path is the prefix of path that comes before what the app routes by (ASGI). A proxy may have
// removed the configured root_path from the URL; the prefix at which the app is mounted here is
// still there.
bool ScopeBuilder::SetPath(const Ref& scope, std::string_view raw_path, std::string_view mount,
                           Ref* path) {
  std::string_view root = root_path_;
  std::string joined;
  if (!mount.empty()) {
    joined = Under(mount, root_path_) ? "" : root_path_;
    PercentDecode(mount, &joined);
    root = joined;
    if (!Set(scope, names_.root_path, py::Utf8(root, "replace"))) return false;
  }
  const bool removed = !root_path_.empty() && !Under(raw_path, root_path_);
  const std::string_view prefix = removed ? std::string_view(root_path_) : std::string_view();
  scratch_.assign(prefix);
  PercentDecode(raw_path, &scratch_);
  *path = py::Utf8(scratch_, "replace");
  return Set(scope, names_.path, *path) &&
         Set(scope, names_.raw_path,
             prefix.empty() ? py::Bytes(raw_path) : py::Bytes(root_path_ + std::string(raw_path)));
}

Ref ScopeBuilder::Tls(std::string_view json) {
  if (!tls_ || tls_json_ != json) {
    const Ref module = Ref::Steal(PyImport_ImportModule("json"));
    const Ref text = py::Latin1(json);
    if (!module || !text) return {};
    tls_ = Ref::Steal(PyObject_CallMethod(module.get(), "loads", "O", text.get()));
    tls_json_ = json;
  }
  return tls_ ? Ref::Steal(PyDict_Copy(tls_.get())) : Ref();
}

Ref ScopeBuilder::FeatureDict(std::string_view features) {
  const auto found = features_.find(features);
  if (found != features_.end()) return found->second;
  Ref dict = Ref::Steal(
      Py_BuildValue("{s:{},s:{}}", "http.response.pathsend", "http.response.zerocopysend"));
  const auto add = [&dict](const Ref& name) { return Set(dict, name, Ref::Steal(PyDict_New())); };
  bool ok = static_cast<bool>(dict);
  for (const char feature : features) {
    if (feature == wire::kTakesTrailers) ok = ok && add(names_.response_trailers);
    if (feature == wire::kTakesEarlyHints) ok = ok && add(names_.response_early_hint);
    if (feature == wire::kTakesPush) ok = ok && add(names_.response_push);
  }
  if (!ok) return {};
  features_.emplace(features, dict);
  return dict;
}

Ref ScopeBuilder::Extensions(std::string_view features, std::string_view tls) {
  const Ref dict = FeatureDict(features);
  Ref own = dict ? Ref::Steal(PyDict_Copy(dict.get())) : Ref();
  if (own && !tls.empty() && !Set(own, names_.tls, Tls(tls))) return {};
  return own;
}

bool ScopeBuilder::SetNodeData(const Ref& scope, std::string_view data) {
  scratch_.clear();
  PercentDecode(data, &scratch_);
  // An application without lifespan has no state to copy.
  Ref state = Ref::Borrow(PyDict_GetItemWithError(scope.get(), names_.state.get()));
  if (!state) {
    if (PyErr_Occurred() != nullptr) return false;
    state = Ref::Steal(PyDict_New());
    if (!Set(scope, names_.state, state)) return false;
  }
  return Set(state, names_.node, DecodeNodeData(scratch_));
}

Ref ScopeBuilder::Common(const Ref& from, std::string_view head, Fields* fields,
                         RequestTraits* traits) {
  if (!from && !MakeTemplates()) return {};
  wire::HeadReader reader(head);
  for (std::string_view& field : *fields) field = reader.Next();
  Ref scope = Ref::Steal(PyDict_Copy(from.get()));
  if (!scope) return {};
  const auto& at = *fields;
  const bool ok =
      Set(scope, names_.asgi, Ref::Steal(PyDict_Copy(asgi_.get()))) &&
      (at[wire::kHttpVersion] == "1.1" ||
       Set(scope, names_.http_version, HttpVersion(at[wire::kHttpVersion]))) &&
      SetPath(scope, at[wire::kPath], at[wire::kMount], &traits->path) &&
      (at[wire::kQuery].empty() || Set(scope, names_.query_string, py::Bytes(at[wire::kQuery]))) &&
      Set(scope, names_.headers, Headers(&reader)) &&
      SetAddress(scope, names_.client, at[wire::kClientHost], at[wire::kClientPort]) &&
      SetAddress(scope, names_.server, at[wire::kServerHost], at[wire::kServerPort]) &&
      (!state_ || Set(scope, names_.state, Ref::Steal(PyDict_Copy(state_.get())))) &&
      (at[wire::kData].empty() || SetNodeData(scope, at[wire::kData]));
  return ok ? scope : Ref();
}

Ref ScopeBuilder::Http(std::string_view head, RequestTraits* traits) {
  Fields fields;
  Ref scope = Common(http_template_, head, &fields, traits);
  if (!scope) return {};
  const std::string_view method = fields[wire::kMethod];
  traits->is_head = method == "HEAD";
  traits->wants_continue =
      fields[wire::kFeatures].find(wire::kWantsContinue) != std::string_view::npos;
  traits->wants_range = std::ranges::find(headers_, "range", &wire::Header::name) != headers_.end();
  traits->method = method == "GET" ? names_.get : py::Latin1(method);
  const bool ok =
      (method == "GET" || Set(scope, names_.method, traits->method)) &&
      (fields[wire::kScheme] != "https" || Set(scope, names_.scheme, names_.https)) &&
      Set(scope, names_.extensions, Extensions(fields[wire::kFeatures], fields[wire::kTls]));
  return ok ? scope : Ref();
}

Ref ScopeBuilder::WebSocket(std::string_view head, RequestTraits* traits) {
  Fields fields;
  Ref scope = Common(websocket_template_, head, &fields, traits);
  if (!scope) return {};
  const Ref extensions = Ref::Steal(Py_BuildValue("{s:{}}", "websocket.http.response"));
  const bool ok =
      extensions &&
      Set(scope, names_.scheme, fields[wire::kScheme] == "https" ? names_.wss : names_.ws) &&
      Set(scope, names_.subprotocols, Subprotocols()) &&
      (fields[wire::kTls].empty() || Set(extensions, names_.tls, Tls(fields[wire::kTls]))) &&
      Set(scope, names_.extensions, extensions);
  return ok ? scope : Ref();
}

int ScopeBuilder::Traverse(visitproc visit, void* arg) const {
  if (const int stop = py::Visit(visit, arg, state_); stop != 0) return stop;
  if (const int stop = pairs_.Traverse(visit, arg); stop != 0) return stop;
  return addresses_.Traverse(visit, arg);
}

}  // namespace nasgi::worker
