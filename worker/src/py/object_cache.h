#pragma once

#include <Python.h>

#include <array>
#include <functional>
#include <string>
#include <string_view>

#include "py/box.h"
#include "py/ref.h"

namespace nasgi::worker {

// Immutable Python objects by the bytes that they are made from. What clients send in one request
// they mostly send in the next: making a header's pair anew costs three times what finding it does.
//
// A table of fixed size in which a newcomer takes its place from whoever had it, so that no client
// can make it grow. Long keys are not kept: they seldom repeat.
class ObjectCache {
 public:
  // The object of `key`, from `make()` (a new reference, or nothing with an exception set) if it is
  // not there.
  template <class Make>
  [[nodiscard]] py::Ref Get(std::string_view key, const Make& make) {
    if (key.size() > kLongest) return make();
    Entry& entry = entries_[std::hash<std::string_view>()(key) % kEntries];
    if (entry.object && entry.key == key) return entry.object;
    py::Ref object = make();
    if (object) {
      entry.key = key;
      entry.object = object;
    }
    return object;
  }

  int Traverse(visitproc visit, void* arg) const {
    for (const Entry& entry : entries_) {
      if (const int stop = py::Visit(entry.object, visit, arg); stop != 0) return stop;
    }
    return 0;
  }

 private:
  static constexpr size_t kEntries = 256;
  static constexpr size_t kLongest = 192;  // bytes; a browser's user-agent fits

  struct Entry {
    std::string key;
    py::Ref object;
  };
  std::array<Entry, kEntries> entries_;
};

}  // namespace nasgi::worker
