#pragma once

#include <Python.h>

#include <cstdint>
#include <utility>

#include "asgi/sending.h"
#include "py/box.h"
#include "py/ref.h"

namespace nasgi::worker {

// What became of one attempt to receive or send.
enum class Progress {
  kDone,
  kWait,   // it cannot go on yet: wait for the future, then try again
  kError,  // a Python exception is set
};

// The connection that receive() and send() belong to. The cycles implement it.
class Connection {
 public:
  // kDone gives the message, kWait the future to wait on.
  virtual Progress Receive(py::Ref* message, py::Ref* future) = 0;
  // kWait gives the future to wait on.
  virtual Progress Send(PyObject* message, Sending* sending, py::Ref* future) = 0;
  // The app runs again after a wait, whatever has ended the wait.
  virtual void Resumed() = 0;

 protected:
  ~Connection() = default;
};

// What receive() and send() return: a coroutine in everything that asyncio and `await` require. It
// starts when it is first stepped, as a coroutine does. While its connection cannot go on, it waits
// on a future of the loop.
//
// Thread safety: the loop's thread only, with the GIL held.
// Lifetime: keeps the connection alive until it has finished.
// Failure: raises what the connection raises.
class Awaitable {
 public:
  enum class Kind { kReceive, kSend };

  // `connection_object` holds `connection`; `message` is the dict to send (empty for kReceive).
  Awaitable(Kind kind, py::Ref connection_object, Connection* connection, py::Ref message)
      : kind_(kind),
        connection_(connection),
        connection_object_(std::move(connection_object)),
        message_(std::move(message)) {}

  // One step, by the rules of PyIter_Send.
  PySendResult Step(PyObject* self, PyObject** result);
  // Throws an exception in: at the future that is waited on, or at the start. New reference (what
  // was yielded), or null with an exception set.
  PyObject* Throw(PyObject* args);
  void Close() { Finish(); }

  [[nodiscard]] int Traverse(visitproc visit, void* arg) const;
  void Clear();

 private:
  void Finish();

  Kind kind_;
  bool finished_ = false;
  Connection* connection_;
  py::Ref connection_object_;
  py::Ref message_;
  py::Ref waiting_;  // iterator of the future that is waited on
  Sending sending_;
};

// The type of Box<Awaitable>, or nothing with an exception set.
[[nodiscard]] py::Ref MakeAwaitableType(PyObject* module);

}  // namespace nasgi::worker
