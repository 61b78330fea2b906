#pragma once

#include <Python.h>

#include <cstdint>
#include <string_view>

#include "asgi/app_error.h"
#include "asgi/awaitable.h"
#include "asgi/host.h"
#include "asgi/response.h"
#include "asgi/scope.h"
#include "loop/waiters.h"
#include "wire/flow.h"
#include "wire/messages.h"

namespace nasgi::worker {

// What became of a frame that a cycle was given.
enum class Delivery {
  kTaken,
  kProtocolError,  // Node broke the protocol
  kOutOfMemory,    // the frame is lost
};

// One run of the app, for a request or a WebSocket: its scope, receive() and send(), and the
// coroutine of the task that runs it. Because it is that coroutine itself, it sees how the app ends
// without a callback, and an exception of the app (SystemExit included) never reaches the event
// loop.
//
// Exactly one frame ends the stream: the last one of a response or a WebSocket, an AppError, or a
// Closed.
//
// Thread safety: the loop's thread only, with the GIL held.
// Lifetime: a Box holds it. The host keeps the object until the app has ended; the task and the
// awaitables that the app holds may keep it longer.
// Failure: what the app does wrong is raised in the app. No Python exception is left set by a
// method unless its comment says so.
class Cycle : public Connection {
 public:
  // `host_object` holds `host`. `scope` is handed to the app when the task first runs.
  Cycle(Host* host, py::Ref host_object, uint32_t stream, py::Ref scope,
        const RequestTraits& traits)
      : host_(host),
        stream_(stream),
        host_object_(std::move(host_object)),
        method_(traits.method),
        path_(traits.path),
        scope_(std::move(scope)) {}
  virtual ~Cycle() = default;
  Cycle(const Cycle&) = delete;
  Cycle& operator=(const Cycle&) = delete;

  // The task that runs this. A task that has ended already (eager start) is not kept.
  void set_task(py::Ref task) {
    if (!ended_) task_ = std::move(task);
  }
  [[nodiscard]] const py::Ref& task() const { return task_; }

  // Frames of this stream. The views are used during the call only.
  [[nodiscard]] virtual Delivery OnBody(std::string_view /*bytes*/, bool /*end*/) {
    return Delivery::kProtocolError;
  }
  [[nodiscard]] virtual Delivery OnMessage(const wire::SocketMessage& /*message*/) {
    return Delivery::kProtocolError;
  }
  [[nodiscard]] virtual Delivery OnClose(const wire::Close& /*close*/) {
    return Delivery::kProtocolError;
  }
  [[nodiscard]] Delivery OnCredit(uint32_t bytes);
  void OnDisconnect();

  // The start of a response has waited for its body for long enough: sends it by itself, unless
  // that has been done since the host got the ticket.
  void SendHead(uint64_t ticket);

  void Resumed() final { Waits(false); }

  // The coroutine of the task. `self` is the object that holds this.
  PySendResult Step(PyObject* self, PyObject** result);
  PyObject* Throw(PyObject* args);
  void Close();
  // Empty before the app has been called, and after it has ended.
  [[nodiscard]] const py::Ref& app_coroutine() const { return app_; }

  // "GET /path" or "WebSocket /path", made when it is asked for. Nothing with an exception set.
  [[nodiscard]] py::Ref Name() const;

  // The app's task could not be started. Takes the exception that is set as the app's error.
  void FailToStart() { End(py::TakeException()); }

  [[nodiscard]] virtual int Traverse(visitproc visit, void* arg) const;
  virtual void Clear();

 protected:
  // The functions that the app is called with.
  struct Functions {
    PyMethodDef receive;
    PyMethodDef send;
  };
  // Those of T, which a Box holds.
  template <class T>
  static Functions FunctionsOf() {
    return {{"receive", &ReceiveOf<T>, METH_NOARGS, "The next event of this connection."},
            {"send", &SendOf<T>, METH_O, "Sends an event to the client."}};
  }

  [[nodiscard]] virtual Functions* functions() const = 0;
  // The app has returned before the stream was over, while the client is connected. Says what is
  // missing, or gives an error without a type if it has ended the stream itself.
  [[nodiscard]] virtual AppErrorText OnReturn() = 0;
  // The last frame has been sent.
  [[nodiscard]] virtual bool complete() const = 0;
  // The client has been told of a success, so an error cannot become a response any more.
  [[nodiscard]] virtual bool started() const = 0;
  // The response that the app is sending, or null.
  [[nodiscard]] virtual Response* response() = 0;
  // Nobody will call receive() any more.
  virtual void DropReceived() = 0;
  // Node has given credit.
  virtual void OnRoom() {}

  [[nodiscard]] const ModuleState& state() const { return host_->state(); }
  [[nodiscard]] Sender& sender() const { return host_->sender(); }

  // The app has sent the start of a response. Usually the body follows before the app gives up
  // control, and nothing else happens.
  void TookStart() {
    if (!stepping_) HoldStart();
  }
  // send() of a body event of a response.
  Progress SendBody(Response* response, Sending* sending, py::Ref* future);
  // Sends one piece of a body; the window must have room for it. `last`: the last piece.
  void SendChunk(Response* response, std::string_view chunk, bool last);
  // The last frame of a response has been sent: receive() reports a disconnect from now on.
  void ResponseEnded();
  // Makes a future that wakes with `waiters`, and with `for_room` also when the ring has room.
  // Returns kWait, or kError with an exception set.
  Progress Wait(Waiters* waiters, bool for_room, py::Ref* future);
  void Wake(Waiters* waiters);
  // A dict with this type, or nothing with an exception set.
  [[nodiscard]] py::Ref NewMessage(const py::Ref& type) const;
  // Raises ClientDisconnected; returns kError.
  Progress Disconnected(const char* why) const;
  void GiveCredit(uint32_t credit);

  Host* const host_;
  const uint32_t stream_;
  bool ended_ = false;  // the app has ended
  bool disconnected_ = false;
  wire::ReceiveWindow receive_window_;
  wire::SendWindow send_window_;
  Waiters receivers_;
  Waiters senders_;

 private:
  // Lets the host watch a start that is held back.
  void HoldStart();
  // One step of the app, by the rules of PyIter_Send.
  [[nodiscard]] PySendResult StepApp(PyObject** result);
  // Tells the host when the app begins and when it ceases to wait for Node.
  void Waits(bool waits);
  // Calls the app. False: an exception is set.
  [[nodiscard]] bool StartApp(PyObject* self);
  // The app has returned (no exception) or failed: tells Node, and lets go of everything.
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
  bool stepping_ = false;     // the app's own task is running
  uint64_t head_ticket_ = 0;  // of the start that the host watches; 0: none
  const py::Ref host_object_;
  const py::Ref method_;  // str, or nothing for a WebSocket
  const py::Ref path_;    // str, or nothing if there was no memory for the scope
  py::Ref scope_;
  py::Ref app_;  // what the app returned, as an iterator
  py::Ref task_;
};

}  // namespace nasgi::worker
