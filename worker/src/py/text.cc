#include "py/text.h"

namespace nasgi::py {

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
  const Ref type = Ref::Steal(PyObject_GetAttrString(TypeOf(object), "__name__"));
  if (type) PyErr_Format(PyExc_TypeError, "%s must be bytes, not %U", what, type.get());
  return {};
}

}  // namespace nasgi::py
