#include "asgi/header_list.h"

#include <algorithm>

#include "wire/http_head.h"
#include "wire/protocol.h"

namespace nasgi::worker {

using py::Ref;

namespace {

bool IsBytesLike(PyObject* object) {
  return PyBytes_Check(object) || PyByteArray_Check(object) ||
         PyObject_TypeCheck(object, &PyMemoryView_Type);
}

}  // namespace

std::string_view View(const Ref& bytes) {
  return {PyBytes_AsString(bytes.get()), static_cast<size_t>(PyBytes_Size(bytes.get()))};
}

Ref AsBytes(PyObject* object, const char* what) {
  if (PyBytes_Check(object)) return Ref::Borrow(object);
  if (IsBytesLike(object)) return Ref::Steal(PyBytes_FromObject(object));
  const Ref type =
      Ref::Steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(object)), "__name__"));
  if (type) PyErr_Format(PyExc_TypeError, "%s must be bytes, not %U", what, type.get());
  return {};
}

bool HeaderList::Append(PyObject* pair, Appended* appended) {
  const Ref items =
      PyTuple_CheckExact(pair) ? Ref::Borrow(pair) : Ref::Steal(PySequence_Tuple(pair));
  if (!items) return false;
  if (PyTuple_Size(items.get()) != 2) {
    PyErr_Format(PyExc_ValueError, "a header must be a pair of bytes, got %R", pair);
    return false;
  }
  const Ref name = AsBytes(PyTuple_GetItem(items.get(), 0), "a header's name");
  if (!name) return false;
  const Ref value = AsBytes(PyTuple_GetItem(items.get(), 1), "a header's value");
  if (!value) return false;
  const std::string_view name_view = View(name);
  const std::string_view value_view = View(value);
  const size_t at = joined_.empty() ? 0 : joined_.size() + 1;
  joined_.resize(at + name_view.size() + 1 + value_view.size());  // NUL in between
  char* const start = joined_.data() + at;
  if (!wire::LowerToken(name_view, start)) {
    PyErr_Format(PyExc_ValueError, "HTTP cannot carry a header of the name %R", name.get());
    return false;
  }
  if (!wire::IsFieldValue(value_view)) {
    PyErr_Format(PyExc_ValueError, "HTTP cannot carry the value of the header %R: %R", name.get(),
                 value.get());
    return false;
  }
  std::ranges::copy(value_view, start + name_view.size() + 1);
  appended->name = {start, name_view.size()};
  appended->value = {start + name_view.size() + 1, value_view.size()};
  return true;
}

bool HeaderList::WithinLimit() const {
  if (size_ <= wire::kMaxHead) return true;
  PyErr_Format(PyExc_ValueError, "response headers take %zu bytes, the limit is %zu", size_,
               wire::kMaxHead);
  return false;
}

}  // namespace nasgi::worker
