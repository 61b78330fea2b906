#pragma once

#include <Python.h>

#include <string_view>

#include "py/ref.h"

namespace nasgi::worker {

// Makes Python objects of what Node says about a request (the option `scope`), which travels as one
// value of msgpack: None, bool, int, float, str, bytes, list, or dict with keys that are str.
//
// Thread safety: needs the GIL.
// Failure: nothing, with an exception set; ValueError if `bytes` are anything else. Lengths are
// checked before memory is taken, and no depth is too deep.
[[nodiscard]] py::Ref DecodeNodeData(std::string_view bytes);

}  // namespace nasgi::worker
