#pragma once

#include <Python.h>

#include <cstdint>

#include "py/box.h"
#include "py/ref.h"

namespace nasgi::worker {

class Cycle;

enum class Progress { kDone, kWait, kError };

// What receive() and send() return: a coroutine in all that asyncio and `await` ask for. It starts
// when it is first stepped, as a coroutine does; when its cycle cannot go on yet it waits on a
// future of the loop, and tries again.
class Awaitable {
 public:
  enum class Kind { kReceive, kSend };

  // `cycle_object` holds `cycle`; `message` is the dict to send (empty for kReceive).
  Awaitable(Kind kind, py::Ref cycle_object, Cycle* cycle, py::Ref message)
      : kind_(kind),
        cycle_(cycle),
        cycle_object_(std::move(cycle_object)),
        message_(std::move(message)) {}

  // One step, by the rules of PyIter_Send.
  PySendResult Step(PyObject** result);
  // Throws an exception in: at the future that is waited on, or at the start.
  // New reference (what was yielded), or null with an exception set.
  PyObject* Throw(PyObject* args);
  void Close() { Finish(); }

  int Traverse(visitproc visit, void* arg);
  void Clear();

  // Progress of a send, kept by the cycle.
  struct Sending {
    bool accepted = false;  // the message has been checked and taken
    bool more = false;      // of a body: more_body
    bool text = false;      // of a WebSocket message: it was a str
    py::Ref body;           // bytes
    size_t offset = 0;      // of a body, already sent
    int file = -1;          // instead of `body`: a descriptor of the app
    int64_t position = 0;   // in the file
    int64_t rest = 0;       // bytes of the file that are to be sent
    uint64_t ticket = 0;    // of a WebSocket message: its number, once it is under way
  };

 private:
  void Finish();

  Kind kind_;
  bool finished_ = false;
  Cycle* cycle_;
  py::Ref cycle_object_;
  py::Ref message_;
  py::Ref waiting_;  // iterator of the future that is waited on
  Sending sending_;
};

// New reference to the type, or null with an exception set.
PyTypeObject* MakeAwaitableType(PyObject* module);

}  // namespace nasgi::worker
