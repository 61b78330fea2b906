#pragma once

#include <Python.h>

#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "asgi/cycle.h"
#include "asgi/module_state.h"
#include "asgi/scope.h"
#include "loop/waiters.h"
#include "py/ref.h"
#include "shm/endpoint.h"
#include "shm/spinner.h"
#include "wire/frame.h"
#include "wire/messages.h"

namespace nasgi::worker {

// The worker's end of its two rings: takes frames on the event loop, starts a task a request and
// sends the frames of all cycles. The Python type `Channel` is a Box of this.
//
// Thread safety: used on the loop's thread only, with the GIL held.
class Channel {
 public:
  Channel(py::Ref module, shm::Segment segment, shm::Doorbell own, shm::Doorbell peer);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  [[nodiscard]] const ModuleState& state() const { return *state_; }
  [[nodiscard]] const py::Ref& app() const { return app_; }
  [[nodiscard]] const py::Ref& describe_error() const { return describe_error_; }
  [[nodiscard]] const py::Ref& write_error() const { return write_error_; }

  // For cycles. A future of the loop, or nothing with an exception set.
  [[nodiscard]] py::Ref NewFuture() const;
  [[nodiscard]] PyObject* CycleObject(uint32_t stream) const;  // borrowed
  // Frames wait for room in the ring: a sender had better wait for room_waiters().
  [[nodiscard]] bool backlogged() const { return endpoint_->backlog_bytes() > 0; }
  [[nodiscard]] Waiters& room_waiters() { return room_waiters_; }
  void CycleEnded(uint32_t stream);
  void CycleWaits(bool waits) { waits ? ++waiting_ : --waiting_; }

  template <class Message>
  [[nodiscard]] bool Fits(const Message& message) const {
    return wire::FrameBound(message) <= endpoint_->max_record();
  }
  // The frame must fit: heads, chunks and error texts have limits that see to it.
  template <class Message>
  void SendFrame(const Message& message) {
    const base::Status sent = endpoint_->Send(
        wire::FrameBound(message),
        [&message](std::span<std::byte> room) { return wire::PackFrame(message, room); });
    if (!sent.ok()) Py_FatalError("node-asgi: a frame does not fit its ring");
  }

  // The methods of the Python type; null or false leaves an exception.
  [[nodiscard]] int fd() const { return endpoint_->bell_fd(); }
  [[nodiscard]] size_t active() const { return cycles_.size(); }
  [[nodiscard]] bool Start(PyObject* self, PyObject* args, PyObject* kwargs);
  // The bell has rung. / A turn of the loop after frames have been taken.
  [[nodiscard]] bool Drain();
  [[nodiscard]] bool Resume();
  void CancelAll();
  // In a process that the application forked: the descriptors are closed. The memory is not there
  // (MADV_DONTFORK), so whoever goes on as if this were the worker is stopped by SIGSEGV.
  void CloseInChild();
  [[nodiscard]] bool Flush();
  py::Ref on_idle;

  int Traverse(visitproc visit, void* arg);
  void Clear();

 private:
  [[nodiscard]] bool TakeFrames();
  // False: the frame breaks the protocol.
  [[nodiscard]] bool OnFrame(std::span<const std::byte> bytes);
  [[nodiscard]] bool OnRequest(const wire::Request& request);
  [[nodiscard]] bool OnConnect(const wire::Connect& connect);
  // Hands the frame to the cycle of its stream; one that is not known has ended here while the
  // frame was under way.
  template <class Message, class Handle>
  [[nodiscard]] bool ToCycle(Handle handle);
  // False: the stream is there already.
  [[nodiscard]] bool Add(uint32_t stream, py::Ref object, Cycle* cycle);
  // Runs the app, unless `failure` (of making its scope) prevents it.
  void Run(PyObject* object, Cycle* cycle, const py::Ref& failure);
  void Call(const py::Ref& callback, const py::Ref& argument = {});
  void CancelTask(const py::Ref& task);

  py::Ref module_;
  const ModuleState* state_;
  const pid_t pid_ = ::getpid();
  const std::array<int, 3> fds_;  // of the endpoint, borrowed
  std::unique_ptr<shm::Endpoint> endpoint_;
  shm::Spinner spinner_;
  wire::Frame frame_;
  struct Entry {
    py::Ref object;
    Cycle* cycle;  // in it
  };
  std::unordered_map<uint32_t, Entry> cycles_;
  size_t waiting_ = 0;  // cycles of which the app waits for Node
  Waiters room_waiters_;

  bool resuming_ = false;  // Resume() is due

  // Set by Start.
  PyObject* self_ = nullptr;  // this object, borrowed: it lives while this lives
  std::optional<ScopeBuilder> scopes_;
  py::Ref app_;
  py::Ref spawn_;
  py::Ref spawn_options_;  // a dict
  py::Ref describe_error_;
  py::Ref write_error_;
  py::Ref on_stop_;
  py::Ref create_future_;
  py::Ref call_soon_;
  py::Ref resume_;
};

// New reference to the type, or null with an exception set.
PyTypeObject* MakeChannelType(PyObject* module);

}  // namespace nasgi::worker
