#pragma once

#include <Python.h>

#include <string>
#include <string_view>

#include "py/ref.h"
#include "wire/protocol.h"

namespace nasgi::worker {

// Headers that an app sends, in the form in which they travel: "name\0value\0name\0value", names in
// lower case.
//
// Thread safety: the loop's thread only, with the GIL held.
// Failure: methods that return false leave a Python exception that says what was wrong.
class HeaderList {
 public:
  enum class Verdict {
    kKeep,
    kDrop,
    kRefuse,  // an exception is set
  };

  // Appends an iterable of pairs of bytes. `judge(name, value)` decides about each. When it fails,
  // the list is empty afterwards.
  template <class Judge>
  [[nodiscard]] bool Take(PyObject* headers, Judge judge) {
    bool ok = true;
    if (PyList_CheckExact(headers)) {  // the usual kind, which needs no iterator
      for (Py_ssize_t i = 0; ok && i < PyList_Size(headers); ++i) {
        const py::Ref pair = py::Ref::Borrow(PyList_GetItem(headers, i));
        ok = TakePair(pair.get(), judge);
      }
    } else {
      const py::Ref iterator = py::Ref::Steal(PyObject_GetIter(headers));
      ok = static_cast<bool>(iterator);
      while (ok) {
        const py::Ref pair = py::Ref::Steal(PyIter_Next(iterator.get()));
        if (!pair) break;
        ok = TakePair(pair.get(), judge);
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
  // Views into joined_, valid until it changes.
  struct Appended {
    std::string_view name;
    std::string_view value;
  };

  template <class Judge>
  [[nodiscard]] bool TakePair(PyObject* pair, const Judge& judge) {
    const size_t start = joined_.size();
    Appended appended;
    if (!Append(pair, &appended)) return false;
    const Verdict verdict = judge(appended.name, appended.value);
    if (verdict == Verdict::kKeep) {
      size_ += appended.name.size() + appended.value.size() + wire::kHeaderOverhead;
    } else {
      joined_.resize(start);
    }
    return verdict != Verdict::kRefuse;
  }

  // When it fails, joined_ may end with part of the pair.
  [[nodiscard]] bool Append(PyObject* pair, Appended* appended);
  [[nodiscard]] bool WithinLimit() const;

  std::string joined_;
  size_t size_ = 0;  // as wire::kMaxHead counts it
};

}  // namespace nasgi::worker
