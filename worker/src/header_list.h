#pragma once

#include <Python.h>

#include <string>
#include <string_view>

#include "py/ref.h"

namespace nasgi::worker {

// The bytes of a bytes object, borrowed.
[[nodiscard]] std::string_view View(const py::Ref& bytes);

// The object as bytes, copied only where it is another kind (bytearray, memoryview); nothing with
// TypeError set otherwise.
[[nodiscard]] py::Ref AsBytes(PyObject* object, const char* what);

// Headers that an app sends, as they travel: "name\0value\0name\0value", the names in lower case.
// Methods that return false leave a Python exception that says what was wrong.
class HeaderList {
 public:
  enum class Verdict { kKeep, kDrop, kRefuse };  // kRefuse: an exception is set

  // Takes an iterable of pairs of bytes. `judge(name, value)` is asked about each. Nothing is kept
  // when it fails.
  template <class Judge>
  [[nodiscard]] bool Take(PyObject* headers, Judge judge) {
    const py::Ref iterator = py::Ref::Steal(PyObject_GetIter(headers));
    if (!iterator) return false;
    bool ok = true;
    while (ok) {
      const py::Ref pair = py::Ref::Steal(PyIter_Next(iterator.get()));
      if (!pair) break;
      py::Ref value;
      const size_t start = joined_.size();
      ok = AppendName(pair.get(), &value);
      if (!ok) break;
      const std::string_view name = std::string_view(joined_).substr(start + (start > 0 ? 1 : 0));
      const Verdict verdict = judge(name, View(value));
      if (verdict == Verdict::kKeep) {
        AppendValue(name.size(), value);
      } else {
        joined_.resize(start);
        ok = verdict == Verdict::kDrop;
      }
    }
    if (ok && PyErr_Occurred() == nullptr && WithinLimit()) return true;
    joined_.clear();
    size_ = 0;
    return false;
  }
  [[nodiscard]] bool Take(PyObject* headers) {
    return Take(headers, [](std::string_view, std::string_view) { return Verdict::kKeep; });
  }

  [[nodiscard]] const std::string& joined() const { return joined_; }

 private:
  [[nodiscard]] bool AppendName(PyObject* pair, py::Ref* value);
  void AppendValue(size_t name_size, const py::Ref& value);
  [[nodiscard]] bool WithinLimit() const;

  std::string joined_;
  size_t size_ = 0;  // as wire::kMaxHead counts it
};

}  // namespace nasgi::worker
