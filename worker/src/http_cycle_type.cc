// The Python type of a request's coroutine. What it does is in http_cycle.cc.
#include <array>

#include "http_cycle.h"
#include "py/coroutine.h"

namespace nasgi::worker {

using py::Ref;

namespace {

// asyncio and debuggers look into a coroutine by these; they show the app's.
PyObject* Forward(PyObject* self, void* name) {
  const Ref app = py::Box<HttpCycle>::Of(self).app_coroutine();
  if (!app) {
    PyErr_SetString(PyExc_AttributeError, static_cast<const char*>(name));
    return nullptr;
  }
  return PyObject_GetAttrString(app.get(), static_cast<const char*>(name));
}

template <size_t n>
PyGetSetDef Forwarded(char (&name)[n]) {
  return {name, Forward, nullptr, nullptr, name};
}

char cr_await[] = "cr_await";
char cr_code[] = "cr_code";
char cr_frame[] = "cr_frame";
char cr_running[] = "cr_running";
std::array<PyGetSetDef, 5> attributes = {Forwarded(cr_await), Forwarded(cr_code),
                                         Forwarded(cr_frame), Forwarded(cr_running),
                                         PyGetSetDef{nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

PyTypeObject* MakeHttpCycleType(PyObject* module) {
  return py::MakeCoroutineType<HttpCycle>(module, "node_asgi_worker._worker.HttpCycle",
                                          attributes.data());
}

}  // namespace nasgi::worker
