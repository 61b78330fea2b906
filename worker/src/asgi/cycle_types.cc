#include "asgi/cycle_types.h"

#include <array>

#include "asgi/http_cycle.h"
#include "asgi/websocket_cycle.h"
#include "py/coroutine.h"

namespace nasgi::worker {

using py::Ref;

namespace {

// asyncio and debuggers inspect a coroutine through these attributes; they show those of the app.
template <class T>
PyObject* Forward(PyObject* self, void* name) {
  const Ref app = py::Box<T>::Of(self).app_coroutine();
  if (!app) {
    PyErr_SetString(PyExc_AttributeError, static_cast<const char*>(name));
    return nullptr;
  }
  return PyObject_GetAttrString(app.get(), static_cast<const char*>(name));
}

// Of the app, or of the request once the app has ended. asyncio shows it.
template <class T>
PyObject* QualifiedName(PyObject* self, void* name) {
  if (PyObject* of_app = Forward<T>(self, name); of_app != nullptr) return of_app;
  PyErr_Clear();
  return py::Box<T>::Of(self).Name().release();
}

template <class T>
PyObject* RequestName(PyObject* self, void* /*unused*/) {
  return py::Box<T>::Of(self).Name().release();
}

char cr_await[] = "cr_await";
char cr_code[] = "cr_code";
char cr_frame[] = "cr_frame";
char cr_running[] = "cr_running";
char name_of_function[] = "__name__";
char qualified_name[] = "__qualname__";
char request_name[] = "request_name";

template <class T>
Ref Make(PyObject* module, const char* name) {
  static std::array<PyGetSetDef, 8> attributes = {
      PyGetSetDef{cr_await, Forward<T>, nullptr, nullptr, cr_await},
      PyGetSetDef{cr_code, Forward<T>, nullptr, nullptr, cr_code},
      PyGetSetDef{cr_frame, Forward<T>, nullptr, nullptr, cr_frame},
      PyGetSetDef{cr_running, Forward<T>, nullptr, nullptr, cr_running},
      PyGetSetDef{name_of_function, QualifiedName<T>, nullptr, nullptr, name_of_function},
      PyGetSetDef{qualified_name, QualifiedName<T>, nullptr, nullptr, qualified_name},
      PyGetSetDef{request_name, RequestName<T>, nullptr, nullptr, nullptr},
      PyGetSetDef{nullptr, nullptr, nullptr, nullptr, nullptr}};
  return py::MakeCoroutineType<T>(module, name, attributes.data());
}

}  // namespace

Ref MakeHttpCycleType(PyObject* module) {
  return Make<HttpCycle>(module, "node_asgi_worker._worker.HttpCycle");
}

Ref MakeWebSocketCycleType(PyObject* module) {
  return Make<WebSocketCycle>(module, "node_asgi_worker._worker.WebSocketCycle");
}

}  // namespace nasgi::worker
