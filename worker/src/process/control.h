#pragma once

#include <Python.h>

// The fork server's end of the control socket, as Python functions of the module.
//
// Thread safety: both need the GIL. ControlReceive releases it while it waits.
// Failure: null with an exception set: OSError when the socket fails, ValueError for a message that
// is not valid, TypeError for wrong arguments.
namespace nasgi::worker {

// control_receive(fd): the next message as a tuple (kind, *fields), or None when Node has closed
// its end. The caller owns the descriptors in a "fork".
PyObject* ControlReceive(PyObject* module, PyObject* args);

// control_send(fd, kind, *fields). Texts that are longer than the wire allows are cut.
PyObject* ControlSend(PyObject* module, PyObject* args);

}  // namespace nasgi::worker
