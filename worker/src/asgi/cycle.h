#pragma once

#include <Python.h>

#include <cstdint>

#include "asgi/app_error.h"
#include "asgi/awaitable.h"
#include "asgi/response.h"
#include "loop/waiters.h"
#include "wire/flow.h"
#include "wire/messages.h"

namespace nasgi::worker {

class Channel;

// One run of the app, for a request or a WebSocket: its scope, receive() and send(), and the
// coroutine of the task that runs it. Being that coroutine itself, it sees how the app ends without
// a callback, and an exception of the app (SystemExit included) never reaches the event loop.
//
// Exactly one frame ends the stream: the last one of a response or a WebSocket, an AppError, or a
// Closed.
class Cycle {
 public:
  // `channel_object` holds `channel`. `scope` is handed to the app when the task first runs.
  Cycle(Channel* channel, py::Ref channel_object, uint32_t stream, py::Ref scope)
      : channel_(channel),
        channel_object_(std::move(channel_object)),
        stream_(stream),
        scope_(std::move(scope)) {}
  virtual ~Cycle() = default;
  Cycle(const Cycle&) = delete;
  Cycle& operator=(const Cycle&) = delete;

  [[nodiscard]] const ModuleState& state() const;

  // The task that runs this; one that has ended (eagerly started) is not kept.
  void set_task(py::Ref task) {
    if (!ended_) task_ = std::move(task);
  }
  [[nodiscard]] const py::Ref& task() const { return task_; }

  // Frames of this stream. False: Node broke the protocol, or (exception set) out of memory.
  [[nodiscard]] virtual bool OnBody(std::string_view /*bytes*/, bool /*end*/) { return false; }
  [[nodiscard]] virtual bool OnMessage(const wire::SocketMessage& /*message*/) { return false; }
  [[nodiscard]] virtual bool OnClose(const wire::Close& /*close*/) { return false; }
  [[nodiscard]] bool OnCredit(uint32_t bytes);
  void OnDisconnect();

  // The app goes on after a wait, whatever has ended it.
  void Resumed() { Waits(false); }
  // For Awaitable. kWait gives the future to wait on; kError leaves an exception.
  virtual Progress Receive(py::Ref* message, py::Ref* future) = 0;
  virtual Progress Send(PyObject* message, Awaitable::Sending* sending, py::Ref* future) = 0;

  // The coroutine of the task.
  PySendResult Step(PyObject** result);
  PyObject* Throw(PyObject* args);
  void Close();
  [[nodiscard]] const py::Ref& app_coroutine() const { return app_; }

  // The app's task could not be started: an exception is set, and becomes the app's error.
  void FailToStart() { End(py::TakeException()); }

  virtual int Traverse(visitproc visit, void* arg);
  virtual void Clear();

 protected:
  // The functions that the app is called with.
  struct Functions {
    PyMethodDef receive;
    PyMethodDef send;
  };
  // Those of T, which is boxed.
  template <class T>
  static Functions FunctionsOf() {
    return {{"receive", &ReceiveOf<T>, METH_NOARGS, "The next event of this connection."},
            {"send", &SendOf<T>, METH_O, "Sends an event to the client."}};
  }

  [[nodiscard]] virtual Functions* functions() const = 0;
  // The app has returned before the stream was over, and the client is there: what is missing, or
  // no type if the stream has been ended.
  [[nodiscard]] virtual AppErrorText OnReturn() = 0;
  // The last frame has been sent.
  [[nodiscard]] virtual bool complete() const = 0;
  // The client has been told of a success: an error can no longer become a page of its own.
  [[nodiscard]] virtual bool started() const = 0;
  // Nobody will call receive() any more.
  virtual void DropReceived() = 0;
  // Credit has come.
  virtual void OnRoom() {}

  // send() of a part of a response.
  Progress SendBody(Response* response, Awaitable::Sending* sending, py::Ref* future);
  // One piece of it, within the window. `last`: of the body.
  void SendChunk(Response* response, std::string_view chunk, bool last);
  // The last frame of a response has been sent: whoever waits in receive() learns that it is over.
  void ResponseEnded();
  // A future for `waiters` that send() waits on; with `for_room`, until the ring has room as well.
  Progress Wait(Waiters* waiters, bool for_room, py::Ref* future);
  // What they wait for has come.
  void Wake(Waiters* waiters);
  // A dict with this type, or nothing with an exception set.
  [[nodiscard]] py::Ref NewMessage(const py::Ref& type) const;
  Progress Disconnected(const char* why) const;
  void GiveCredit(uint32_t credit);

  Channel* channel_;
  py::Ref channel_object_;
  uint32_t stream_;
  bool ended_ = false;
  bool disconnected_ = false;
  wire::ReceiveWindow receive_window_;
  wire::SendWindow send_window_;
  Waiters receivers_;
  Waiters senders_;

 private:
  // Tells the channel when the app begins and ceases to wait for Node.
  void Waits(bool waits);
  [[nodiscard]] bool StartApp();
  // The app has returned (no exception) or failed: says so to Node and lets go of everything.
  void End(const py::Ref& exception);

  static PyObject* NewAwaitable(PyObject* self, Cycle* cycle, Awaitable::Kind kind,
                                PyObject* message);
  template <class T>
  static PyObject* ReceiveOf(PyObject* self, PyObject* /*unused*/) {
    return NewAwaitable(self, &py::Box<T>::Of(self), Awaitable::Kind::kReceive, nullptr);
  }
  template <class T>
  static PyObject* SendOf(PyObject* self, PyObject* message) {
    return NewAwaitable(self, &py::Box<T>::Of(self), Awaitable::Kind::kSend, message);
  }

  bool waits_ = false;
  py::Ref scope_;
  py::Ref app_;  // what the app returned, as an iterator
  py::Ref task_;
};

}  // namespace nasgi::worker
