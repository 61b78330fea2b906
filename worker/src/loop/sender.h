#pragma once

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/fd_passing.h"
#include "loop/waiters.h"
#include "py/ref.h"
#include "shm/endpoint.h"
#include "wire/frame.h"
#include "wire/parts.h"

namespace nasgi::worker {

// What the tasks of the event loop send their frames with, and wait on when the ring is full.
//
// Thread safety: the loop's thread only, with the GIL held.
// Lifetime: the endpoint and the socket must outlive it.
// Failure: as each method says. A frame that the endpoint refuses ends the process: heads, chunks
// and error texts have limits, so it is a mistake of ours, or the ring is corrupt.
class Sender {
 public:
  // `files`: the socket on which files are passed on.
  Sender(shm::Endpoint* endpoint, int files) : endpoint_(endpoint), files_(files) {}

  // Never blocks: what does not fit now waits in memory, in order.
  template <class Message>
  void SendFrame(const Message& message) {
    if (wire::FrameBound(message) > endpoint_->max_record()) {  // a large head
      return wire::SendParts(message, endpoint_->max_record(),
                             [this](const wire::Part& part) { SendFrame(part); });
    }
    const base::Status sent = endpoint_->Send(
        wire::FrameBound(message),
        [&message](std::span<std::byte> room) { return wire::PackFrame(message, room); });
    if (!sent.ok()) Py_FatalError("node-asgi: a frame does not fit its ring");
  }

  // Passes the descriptor of a file on. To be called before the File frame of the stream is sent.
  // False: Node has left so many files waiting that it gets no more for now.
  [[nodiscard]] bool PassFile(uint32_t stream, int file) const {
    return base::PassFd(files_, stream, file).ok();
  }

  // Frames are waiting for room in the ring. A sender of bodies then waits for room_waiters(), so
  // that not much has to wait in memory.
  [[nodiscard]] bool backlogged() const { return endpoint_->backlog_bytes() > 0; }
  [[nodiscard]] Waiters& room_waiters() { return room_waiters_; }

  // A future of the loop, or nothing with an exception set. Requires set_create_future().
  [[nodiscard]] py::Ref NewFuture() const {
    return py::Ref::Steal(PyObject_CallNoArgs(create_future_.get()));
  }
  // `create_future` is that method of the running loop.
  void set_create_future(py::Ref create_future) { create_future_ = std::move(create_future); }

  [[nodiscard]] int Traverse(visitproc visit, void* arg) const {
    if (const int stop = py::Visit(visit, arg, create_future_); stop != 0) return stop;
    return room_waiters_.Traverse(visit, arg);
  }
  void Clear() {
    create_future_ = {};
    room_waiters_.Clear();
  }

 private:
  shm::Endpoint* const endpoint_;
  const int files_;
  Waiters room_waiters_;
  py::Ref create_future_;
};

}  // namespace nasgi::worker
