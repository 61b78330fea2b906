// The Python extension module `_worker`, for the limited API: one binary for CPython 3.10 and
// later.
#include <Python.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <new>

#include "asgi/awaitable.h"
#include "asgi/cycle_types.h"
#include "asgi/module_state.h"
#include "channel/channel.h"
#include "process/control.h"
#include "wire/control.h"
#include "wire/protocol.h"

namespace nasgi::worker {

using py::Ref;

bool Names::Init() {
  const struct {
    Ref Names::* name;
    const char* spelling;
  } table[] = {{&Names::type, "type"},
               {&Names::asgi, "asgi"},
               {&Names::http, "http"},
               {&Names::http_version, "http_version"},
               {&Names::method, "method"},
               {&Names::scheme, "scheme"},
               {&Names::path, "path"},
               {&Names::raw_path, "raw_path"},
               {&Names::query_string, "query_string"},
               {&Names::root_path, "root_path"},
               {&Names::headers, "headers"},
               {&Names::client, "client"},
               {&Names::server, "server"},
               {&Names::state, "state"},
               {&Names::extensions, "extensions"},
               {&Names::body, "body"},
               {&Names::more_body, "more_body"},
               {&Names::status, "status"},
               {&Names::http_request, "http.request"},
               {&Names::http_disconnect, "http.disconnect"},
               {&Names::response_start, "http.response.start"},
               {&Names::response_body, "http.response.body"},
               {&Names::http_1_0, "1.0"},
               {&Names::http_1_1, "1.1"},
               {&Names::http_2, "2"},
               {&Names::https, "https"},
               {&Names::ws, "ws"},
               {&Names::wss, "wss"},
               {&Names::get, "GET"},
               {&Names::subprotocols, "subprotocols"},
               {&Names::subprotocol, "subprotocol"},
               {&Names::text, "text"},
               {&Names::bytes, "bytes"},
               {&Names::code, "code"},
               {&Names::reason, "reason"},
               {&Names::trailers, "trailers"},
               {&Names::more_trailers, "more_trailers"},
               {&Names::links, "links"},
               {&Names::file, "file"},
               {&Names::offset, "offset"},
               {&Names::count, "count"},
               {&Names::tls, "tls"},
               {&Names::response_trailers, "http.response.trailers"},
               {&Names::response_pathsend, "http.response.pathsend"},
               {&Names::response_zerocopysend, "http.response.zerocopysend"},
               {&Names::response_early_hint, "http.response.early_hint"},
               {&Names::response_push, "http.response.push"},
               {&Names::websocket, "websocket"},
               {&Names::websocket_connect, "websocket.connect"},
               {&Names::websocket_receive, "websocket.receive"},
               {&Names::websocket_disconnect, "websocket.disconnect"},
               {&Names::websocket_accept, "websocket.accept"},
               {&Names::websocket_send, "websocket.send"},
               {&Names::websocket_close, "websocket.close"},
               {&Names::denial_start, "websocket.http.response.start"},
               {&Names::denial_body, "websocket.http.response.body"},
               {&Names::call_soon, "call_soon"},
               {&Names::create_future, "create_future"},
               {&Names::done, "done"},
               {&Names::set_result, "set_result"},
               {&Names::cancel, "cancel"},
               {&Names::throw_, "throw"},
               {&Names::await, "__await__"}};
  for (const auto& [name, spelling] : table) {
    this->*name = Ref::Steal(PyUnicode_InternFromString(spelling));
    if (!(this->*name)) return false;
  }
  return true;
}

namespace {

Ref Attribute(const char* module, const char* name) {
  const Ref imported = Ref::Steal(PyImport_ImportModule(module));
  return imported ? Ref::Steal(PyObject_GetAttrString(imported.get(), name)) : Ref();
}

int Exec(PyObject* module) {
  auto* state = new (PyModule_GetState(module)) ModuleState();
  if (!state->names.Init()) return -1;
  state->cancelled_error = Attribute("asyncio", "CancelledError");
  state->coroutine_type = Attribute("types", "CoroutineType");
  state->client_disconnected = Ref::Steal(PyErr_NewExceptionWithDoc(
      "node_asgi_worker._worker.ClientDisconnected",
      "Raised by send(): the client has disconnected, nobody takes the response.", PyExc_OSError,
      nullptr));
  state->awaitable_type = MakeAwaitableType(module);
  state->http_cycle_type = MakeHttpCycleType(module);
  state->websocket_cycle_type = MakeWebSocketCycleType(module);
  state->channel_type = MakeChannelType(module);
  if (!state->cancelled_error || !state->coroutine_type || !state->client_disconnected ||
      state->awaitable_type == nullptr || state->http_cycle_type == nullptr ||
      state->websocket_cycle_type == nullptr || state->channel_type == nullptr) {
    return -1;
  }
  if (PyModule_AddObjectRef(module, "ClientDisconnected", state->client_disconnected.get()) != 0 ||
      PyModule_AddType(module, state->channel_type) != 0) {
    return -1;
  }
  if (PyModule_AddIntConstant(module, "STACKS_SIGNAL", wire::kStacksSignal) != 0) return -1;
  return PyModule_AddIntConstant(module, "WIRE_VERSION", wire::kWireVersion);
}

ModuleState* StateOf(void* module) {
  return static_cast<ModuleState*>(PyModule_GetState(static_cast<PyObject*>(module)));
}

int Traverse(PyObject* module, visitproc visit, void* arg) {
  const ModuleState* state = StateOf(module);
  if (state == nullptr) return 0;
  Py_VISIT(state->awaitable_type);
  Py_VISIT(state->channel_type);
  Py_VISIT(state->http_cycle_type);
  Py_VISIT(state->websocket_cycle_type);
  return 0;
}

int Clear(PyObject* module) {
  ModuleState* state = StateOf(module);
  if (state == nullptr) return 0;
  for (PyTypeObject** type : {&state->awaitable_type, &state->channel_type, &state->http_cycle_type,
                              &state->websocket_cycle_type}) {
    const Ref owned = Ref::Steal(reinterpret_cast<PyObject*>(std::exchange(*type, nullptr)));
  }
  return 0;
}

void Free(void* module) {
  ModuleState* state = StateOf(module);
  if (state == nullptr) return;
  Clear(static_cast<PyObject*>(module));
  state->~ModuleState();
}

PyObject* SetParentDeathSignal(PyObject* /*module*/, PyObject* args) {
  int signal = 0;
  if (PyArg_ParseTuple(args, "i:set_parent_death_signal", &signal) == 0) return nullptr;
  if (prctl(PR_SET_PDEATHSIG, signal) != 0) return PyErr_SetFromErrno(PyExc_OSError);
  return Ref::Borrow(Py_None).release();
}

PyObject* CloseFdsFrom(PyObject* /*module*/, PyObject* args) {
  int lowest = 0;
  if (PyArg_ParseTuple(args, "i:close_fds_from", &lowest) == 0) return nullptr;
  closefrom(lowest);
  return Ref::Borrow(Py_None).release();
}

PyMethodDef functions[] = {
    {"control_receive", ControlReceive, METH_VARARGS,
     "control_receive(fd): the next message as a tuple (kind, *fields), or None at the end."},
    {"control_send", ControlSend, METH_VARARGS, "control_send(fd, kind, *fields)"},
    {"set_parent_death_signal", SetParentDeathSignal, METH_VARARGS,
     "set_parent_death_signal(signum): prctl(PR_SET_PDEATHSIG)."},
    {"close_fds_from", CloseFdsFrom, METH_VARARGS,
     "close_fds_from(lowest): closes every descriptor >= lowest."},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void*>(&Exec)}, {0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "_worker",
                          "The worker's end of node-asgi: rings, scopes, receive and send.",
                          sizeof(ModuleState),
                          functions,
                          slots,
                          Traverse,
                          Clear,
                          Free};

}  // namespace

}  // namespace nasgi::worker

PyMODINIT_FUNC PyInit__worker() { return PyModuleDef_Init(&nasgi::worker::definition); }
