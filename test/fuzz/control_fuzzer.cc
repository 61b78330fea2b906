// The fork server's end of the control socket: each packet is a message or a Python exception, and
// no descriptor that comes with it is left open.
#include <Python.h>

#include <fuzzer/FuzzedDataProvider.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "base/fd_passing.h"
#include "fuzz.h"
#include "packets.h"
#include "process/control.h"
#include "py/ref.h"

namespace nasgi::fuzz {
namespace {

// Closes the descriptors in the list of a "fork".
void CloseAll(PyObject* message) {
  if (PyTuple_Size(message) != 3) return;
  PyObject* list = PyTuple_GetItem(message, 2);
  if (!PyList_Check(list)) return;
  for (Py_ssize_t i = 0; i < PyList_Size(list); ++i) {
    ::close(static_cast<int>(PyLong_AsLong(PyList_GetItem(list, i))));
  }
}

}  // namespace
}  // namespace nasgi::fuzz

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  Py_InitializeEx(0);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nasgi;  // NOLINT(google-build-using-namespace)
  FuzzedDataProvider input(data, size);
  const base::FdSockets sockets = base::MakeFdSockets().value();
  const size_t count = input.ConsumeIntegralInRange<size_t>(0, fuzz::kMostFiles);
  fuzz::SendPacket(sockets.passer.get(), input.ConsumeRemainingBytesAsString(), count);
  const int lowest = fuzz::LowestFree();
  const int taker = sockets.taker.get();
  // An empty packet looks like the end.
  const py::Ref arguments = py::Ref::Steal(Py_BuildValue("(i)", taker));
  const py::Ref message = py::Ref::Steal(worker::ControlReceive(nullptr, arguments.get()));
  fuzz::Require(static_cast<bool>(message) == (PyErr_Occurred() == nullptr),
                "a message comes with an exception, or neither comes");
  if (!message) PyErr_Clear();
  if (message && PyTuple_Check(message.get())) fuzz::CloseAll(message.get());
  fuzz::Require(fuzz::LowestFree() == lowest, "a descriptor is left open");
  return 0;
}
