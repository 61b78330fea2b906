#pragma once

#include <Python.h>

#include <string>
#include <string_view>
#include <vector>

#include "module_state.h"
#include "wire/http_head.h"

namespace nasgi::worker {

// Builds the HTTP connection scope (ASGI www spec 2.5) of a request from the head that travelled.
class ScopeBuilder {
 public:
  // `state`: the lifespan's state dict, copied shallowly into each scope; nothing = no such key.
  // `names` must outlive this.
  ScopeBuilder(const Names& names, py::Ref state, std::string root_path)
      : names_(names), state_(std::move(state)), root_path_(std::move(root_path)) {}

  // The scope, or nothing with an exception set. *is_head: whether the method is HEAD.
  [[nodiscard]] py::Ref Build(std::string_view head, bool* is_head);

  int Traverse(visitproc visit, void* arg) const;

 private:
  [[nodiscard]] bool MakeTemplate();
  [[nodiscard]] py::Ref Headers(wire::HeadReader* reader);
  [[nodiscard]] py::Ref HttpVersion(std::string_view version) const;

  const Names& names_;
  py::Ref state_;
  std::string root_path_;
  py::Ref template_;  // the keys that are the same in each scope
  py::Ref asgi_;
  std::string scratch_;
  std::vector<wire::Header> headers_;
};

}  // namespace nasgi::worker
