// The Python extension module `_worker`, for the limited API: one binary for CPython 3.10 and
// later.
#include <Python.h>

#include <new>

#include "asgi/awaitable.h"
#include "asgi/cycle_types.h"
#include "asgi/module_state.h"
#include "asgi/scope.h"
#include "base/os.h"
#include "channel/channel_type.h"
#include "process/control.h"
#include "process/system_calls.h"
#include "wire/control.h"
#include "wire/protocol.h"

namespace nasgi::worker {

using py::Ref;

namespace {

Ref Attribute(const char* module, const char* name) {
  const Ref imported = Ref::Steal(PyImport_ImportModule(module));
  return imported ? Ref::Steal(PyObject_GetAttrString(imported.get(), name)) : Ref();
}

// What Python takes from here instead of repeating them.
const struct {
  const char* name;
  long value;
} kConstants[] = {
    {"CONTROL_FD", wire::kControlFd},        {"LIFELINE_FD", wire::kLifelineFd},
    {"STACKS_SIGNAL", base::kStacksSignal},  {"OUT_OF_MEMORY_EXIT", wire::kOutOfMemoryExit},
    {"MAX_ERROR_TYPE", wire::kMaxErrorType}, {"MAX_ERROR_MESSAGE", wire::kMaxErrorMessage},
    {"MAX_TRACEBACK", wire::kMaxTraceback},
};

constexpr struct {
  const char* name;
  const char* value;
} kTexts[] = {
    {"ASGI_VERSION", kAsgiVersion},
    {"RECORD_MARK", wire::kRecordMark},
    {"NEWLINE_MARK", wire::kNewlineMark},
    {"LEVEL_LETTERS", wire::kLevelLetters},
};

int Exec(PyObject* module) {
  auto* state = new (PyModule_GetState(module)) ModuleState();
  if (!state->names.Init() || !state->method_names.Init()) return -1;
  state->cancelled_error = Attribute("asyncio", "CancelledError");
  state->coroutine_type = Attribute("types", "CoroutineType");
  state->client_disconnected = Ref::Steal(PyErr_NewExceptionWithDoc(
      "node_asgi_worker._worker.ClientDisconnected",
      "Raised by send(): the client has disconnected, so nobody receives the response.",
      PyExc_OSError, nullptr));
  state->awaitable_type = MakeAwaitableType(module);
  state->http_cycle_type = MakeHttpCycleType(module);
  state->websocket_cycle_type = MakeWebSocketCycleType(module);
  state->channel_type = MakeChannelType(module);
  if (!state->cancelled_error || !state->coroutine_type || !state->client_disconnected ||
      !state->awaitable_type || !state->http_cycle_type || !state->websocket_cycle_type ||
      !state->channel_type) {
    return -1;
  }
  if (PyModule_AddObjectRef(module, "ClientDisconnected", state->client_disconnected.get()) != 0 ||
      PyModule_AddType(module, py::AsType(state->channel_type)) != 0) {
    return -1;
  }
  if (PyModule_AddFunctions(module, SystemCalls()) != 0) return -1;
  for (const auto& [name, value] : kConstants) {
    if (PyModule_AddIntConstant(module, name, value) != 0) return -1;
  }
  for (const auto& [name, value] : kTexts) {
    if (PyModule_AddStringConstant(module, name, value) != 0) return -1;
  }
  return 0;
}

ModuleState* StateOf(void* module) {
  return static_cast<ModuleState*>(PyModule_GetState(static_cast<PyObject*>(module)));
}

int Traverse(PyObject* module, visitproc visit, void* arg) {
  const ModuleState* state = StateOf(module);
  if (state == nullptr) return 0;
  return py::Visit(visit, arg, state->awaitable_type, state->channel_type, state->http_cycle_type,
                   state->websocket_cycle_type);
}

int Clear(PyObject* module) {
  ModuleState* state = StateOf(module);
  if (state == nullptr) return 0;
  for (Ref* type : {&state->awaitable_type, &state->channel_type, &state->http_cycle_type,
                    &state->websocket_cycle_type}) {
    *type = {};
  }
  return 0;
}

void Free(void* module) {
  ModuleState* state = StateOf(module);
  if (state != nullptr) state->~ModuleState();
}

PyMethodDef functions[] = {
    {"control_receive", ControlReceive, METH_VARARGS,
     "control_receive(fd): the next message as a tuple (kind, *fields), or None when Node has\n"
     "closed its end."},
    {"control_send", ControlSend, METH_VARARGS,
     "control_send(fd, kind, *fields): sends Node a message."},
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
