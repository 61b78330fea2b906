#include "asgi/header_list.h"

#include <algorithm>

#include "py/text.h"
#include "wire/http_head.h"
#include "wire/protocol.h"

namespace nasgi::worker {

using py::Ref;

bool HeaderList::Append(PyObject* pair, Appended* appended) {
  const Ref items =
      PyTuple_CheckExact(pair) ? Ref::Borrow(pair) : Ref::Steal(PySequence_Tuple(pair));
  if (!items) return false;
  if (PyTuple_Size(items.get()) != 2) {
    PyErr_Format(PyExc_ValueError, "a header must be a pair of bytes, got %R", pair);
    return false;
  }
  const Ref name = py::AsBytes(PyTuple_GetItem(items.get(), 0), "the name of a header");
  if (!name) return false;
  const Ref value = py::AsBytes(PyTuple_GetItem(items.get(), 1), "the value of a header");
  if (!value) return false;
  const std::string_view name_view = py::View(name);
  const std::string_view value_view = py::View(value);
  const size_t at = joined_.empty() ? 0 : joined_.size() + 1;
  joined_.resize(at + name_view.size() + 1 + value_view.size());  // NUL in between
  char* const start = joined_.data() + at;
  if (!wire::LowerToken(name_view, start)) {
    PyErr_Format(PyExc_ValueError, "%R is not a valid HTTP header name", name.get());
    return false;
  }
  if (!wire::IsFieldValue(value_view)) {
    PyErr_Format(PyExc_ValueError, "the header %R has a value that is not valid in HTTP: %R",
                 name.get(), value.get());
    return false;
  }
  std::ranges::copy(value_view, start + name_view.size() + 1);
  appended->name = {start, name_view.size()};
  appended->value = {start + name_view.size() + 1, value_view.size()};
  return true;
}

bool HeaderList::WithinLimit() const {
  if (size_ <= wire::kMaxHead) return true;
  PyErr_Format(PyExc_ValueError, "the headers take %zu bytes; the limit is %zu", size_,
               wire::kMaxHead);
  return false;
}

}  // namespace nasgi::worker
