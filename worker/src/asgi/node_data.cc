#include "asgi/node_data.h"

#include <cstdint>
#include <msgpack.hpp>
#include <vector>

#include "py/text.h"

namespace nasgi::worker {

using py::Ref;

namespace {

// Builds the value while the parser reads it. A container grows with each item that really comes,
// whatever length it claims to have.
class ObjectVisitor : public msgpack::null_visitor {
 public:
  // Nothing, unless the value is complete.
  Ref Take() { return open_.empty() ? std::move(value_) : Ref(); }

  bool visit_nil() { return Add(Ref::Borrow(Py_None)); }
  bool visit_boolean(bool value) { return Add(Ref::Borrow(value ? Py_True : Py_False)); }
  bool visit_positive_integer(uint64_t value) {
    return Add(Ref::Steal(PyLong_FromUnsignedLongLong(value)));
  }
  bool visit_negative_integer(int64_t value) { return Add(Ref::Steal(PyLong_FromLongLong(value))); }
  bool visit_float32(float value) { return visit_float64(value); }
  bool visit_float64(double value) { return Add(Ref::Steal(PyFloat_FromDouble(value))); }
  bool visit_str(const char* text, uint32_t size) {
    Ref string = py::Utf8({text, size}, nullptr);
    if (open_.empty() || !open_.back().expects_key) return Add(std::move(string));
    open_.back().key = std::move(string);
    return static_cast<bool>(open_.back().key);
  }
  bool visit_bin(const char* bytes, uint32_t size) { return Add(py::Bytes({bytes, size})); }
  bool visit_ext(const char* /*bytes*/, uint32_t /*size*/) { return false; }

  bool start_array(uint32_t /*size*/) { return Open(Ref::Steal(PyList_New(0)), false); }
  bool end_array() { return Close(); }
  bool start_map(uint32_t /*size*/) { return Open(Ref::Steal(PyDict_New()), true); }
  bool start_map_key() {
    open_.back().expects_key = true;
    return true;
  }
  bool end_map_key() {
    open_.back().expects_key = false;
    return true;
  }
  bool end_map() { return Close(); }

 private:
  struct Container {
    Ref object;
    bool is_dict;
    bool expects_key;
    Ref key;
  };

  bool Open(Ref object, bool is_dict) {
    if (!Add(Ref::Borrow(object.get()))) return false;
    open_.push_back({std::move(object), is_dict, false, {}});
    return true;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  bool Add(Ref value) {
    if (!value) return false;
    if (open_.empty()) {
      value_ = std::move(value);
      return true;
    }
    Container& into = open_.back();
    if (into.expects_key) return false;  // the key of a dict is a str
    return into.is_dict ? PyDict_SetItem(into.object.get(), into.key.get(), value.get()) == 0
                        : PyList_Append(into.object.get(), value.get()) == 0;
  }

  Ref value_;
  std::vector<Container> open_;  // the outermost first
};

}  // namespace

Ref DecodeNodeData(std::string_view bytes) {
  ObjectVisitor visitor;
  size_t offset = 0;
  Ref value;
  if (msgpack::parse(bytes.data(), bytes.size(), offset, visitor) && offset == bytes.size()) {
    value = visitor.Take();
  }
  if (!value && PyErr_Occurred() == nullptr) {
    PyErr_SetString(PyExc_ValueError, "the data that Node gives the request is malformed");
  }
  return value;
}

}  // namespace nasgi::worker
