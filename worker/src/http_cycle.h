#pragma once

#include <Python.h>

#include <cstdint>
#include <vector>

#include "awaitable.h"
#include "response.h"
#include "waiters.h"
#include "wire/flow.h"
#include "wire/messages.h"

namespace nasgi::worker {

class Channel;

enum class Progress { kDone, kWait, kError };

// One request: its scope, receive() and send(), and the coroutine of the task that runs the app.
// Being that coroutine itself, it sees how the app ends without a callback, and an exception of the
// app (SystemExit included) never reaches the event loop.
//
// Exactly one frame ends the stream: a Response or Body with `end`, an AppError, or a Closed.
class HttpCycle {
 public:
  // `channel_object` holds `channel`. `scope` is handed to the app when the task first runs.
  HttpCycle(Channel* channel, py::Ref channel_object, const wire::Request& request, py::Ref scope,
            bool is_head)
      : channel_(channel),
        channel_object_(std::move(channel_object)),
        stream_(request.stream),
        scope_(std::move(scope)),
        response_(is_head) {}

  static HttpCycle& OfObject(PyObject* self);
  [[nodiscard]] const ModuleState& state() const;

  // The task that runs this; one that has ended (eagerly started) is not kept.
  void set_task(py::Ref task) {
    if (!ended_) task_ = std::move(task);
  }
  [[nodiscard]] const py::Ref& task() const { return task_; }

  // Frames of this stream. False: Node broke the protocol, or (exception set) out of memory.
  [[nodiscard]] bool OnBody(std::string_view bytes, bool end);
  [[nodiscard]] bool OnCredit(uint32_t bytes);
  void OnDisconnect();

  // For Awaitable. kWait gives the future to wait on; kError leaves an exception.
  Progress Receive(py::Ref* message, py::Ref* future);
  Progress Send(PyObject* message, Awaitable::Sending* sending, py::Ref* future);

  // The coroutine of the task.
  PySendResult Step(PyObject** result);
  PyObject* Throw(PyObject* args);
  void Close();
  [[nodiscard]] const py::Ref& app_coroutine() const { return app_; }

  // The app's task could not be started: an exception is set, and becomes the app's error.
  void FailToStart() { End(py::TakeException()); }

  int Traverse(visitproc visit, void* arg);
  void Clear();

 private:
  [[nodiscard]] bool StartApp();
  [[nodiscard]] py::Ref BodyMessage();
  void DropBody();
  [[nodiscard]] bool body_waits() const { return next_ < body_.size(); }
  [[nodiscard]] bool responding() const { return response_.state() == Response::State::kStreaming; }
  [[nodiscard]] bool complete() const { return response_.state() == Response::State::kComplete; }
  void SendChunk(std::string_view chunk, bool end);
  // The app has returned (no exception) or failed: says so to Node and lets go of everything.
  void End(const py::Ref& exception);

  Channel* channel_;
  py::Ref channel_object_;
  uint32_t stream_;
  py::Ref scope_;
  py::Ref app_;  // what the app returned, as an iterator
  py::Ref task_;
  bool ended_ = false;

  std::vector<py::Ref> body_;  // received; receive() has taken those before next_
  size_t next_ = 0;
  bool body_end_ = false;    // Node has sent all of it
  bool body_taken_ = false;  // receive() has returned the last of it
  bool disconnected_ = false;
  wire::ReceiveWindow receive_window_;
  Waiters receivers_;

  Response response_;
  wire::SendWindow send_window_;
  Waiters senders_;
};

// New reference to the type, or null with an exception set.
PyTypeObject* MakeHttpCycleType(PyObject* module);

}  // namespace nasgi::worker
