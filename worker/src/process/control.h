#pragma once

#include <Python.h>

namespace nasgi::worker {

// Python functions of the fork server: control_receive(fd) and control_send(fd, kind, *fields).
PyObject* ControlReceive(PyObject* module, PyObject* args);
PyObject* ControlSend(PyObject* module, PyObject* args);

}  // namespace nasgi::worker
