#pragma once

#include <Python.h>

#include <array>
#include <functional>
#include <string>
#include <string_view>

#include "py/ref.h"

namespace nasgi::py {

// Immutable Python objects by the bytes that they are made from. Most of what clients send in one
// request they send again in the next, and making the pair of a header anew costs three times what
// finding it costs.
//
// The table has a fixed size: a new entry replaces the one in its place, so no client can make the
// table grow. Long keys are not kept, because they seldom repeat.
//
// Thread safety: needs the GIL, and one thread at a time.
// Lifetime: keeps the objects until they are replaced, or it is destroyed.
// Failure: Get fails only when `make` fails.
class ObjectCache {
 public:
  // The object of `key`. When it is not there, `make()` makes it: a Ref, or nothing with an
  // exception set.
  template <class Make>
  [[nodiscard]] Ref Get(std::string_view key, const Make& make) {
    if (key.size() > kLongest) return make();
    Entry& entry = entries_[std::hash<std::string_view>()(key) % kEntries];
    if (entry.object && entry.key == key) return entry.object;
    Ref object = make();
    if (object) {
      entry.key = key;
      entry.object = object;
    }
    return object;
  }

  [[nodiscard]] int Traverse(visitproc visit, void* arg) const {
    for (const Entry& entry : entries_) {
      if (const int stop = Visit(visit, arg, entry.object); stop != 0) return stop;
    }
    return 0;
  }

 private:
  static constexpr size_t kEntries = 256;
  static constexpr size_t kLongest = 192;  // bytes; a browser's user-agent fits

  struct Entry {
    std::string key;
    Ref object;
  };
  std::array<Entry, kEntries> entries_;
};

}  // namespace nasgi::py
