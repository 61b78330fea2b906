#pragma once

#include <Python.h>

#include "py/box.h"
#include "py/ref.h"

namespace nasgi::worker {

class HttpCycle;

// What receive() and send() return: a coroutine in all that asyncio and `await` ask for. It starts
// when it is first stepped, as a coroutine does; when its cycle cannot go on yet it waits on a
// future of the loop, and tries again.
class Awaitable {
 public:
  enum class Kind { kReceive, kSend };

  // `cycle` is an HttpCycle object; `message` the dict to send (empty for kReceive).
  Awaitable(Kind kind, py::Ref cycle, py::Ref message)
      : kind_(kind), cycle_(std::move(cycle)), message_(std::move(message)) {}

  // One step, by the rules of PyIter_Send.
  PySendResult Step(PyObject** result);
  // Throws an exception in: at the future that is waited on, or at the start.
  // New reference (what was yielded), or null with an exception set.
  PyObject* Throw(PyObject* args);
  void Close() { Finish(); }

  int Traverse(visitproc visit, void* arg);
  void Clear();

  // Progress of a send, kept by HttpCycle.
  struct Sending {
    bool accepted = false;  // the message has been checked and taken
    bool more = false;      // more_body
    py::Ref body;           // bytes
    size_t offset = 0;      // of them, already sent
  };

 private:
  void Finish();
  HttpCycle& cycle() const;

  Kind kind_;
  bool finished_ = false;
  py::Ref cycle_;
  py::Ref message_;
  py::Ref waiting_;  // iterator of the future that is waited on
  Sending sending_;
};

// New reference to the type, or null with an exception set.
PyTypeObject* MakeAwaitableType(PyObject* module);

}  // namespace nasgi::worker
