#pragma once

#include <Python.h>

#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "asgi/cycle.h"
#include "asgi/host.h"
#include "asgi/scope.h"
#include "base/unique_fd.h"
#include "py/ref.h"
#include "shm/endpoint.h"
#include "shm/spinner.h"
#include "wire/frame.h"
#include "wire/messages.h"
#include "wire/parts.h"

namespace nasgi::worker {

// The worker's end of its two rings. It takes frames on the event loop, starts a task for each
// request and WebSocket, and sends the frames of all of them. The Python type `Channel` is a Box of
// this.
//
// Thread safety: the loop's thread only, with the GIL held. CloseInChild is for a forked child.
// Lifetime: keeps the module and everything that Start was given until it is destroyed. Cycles hold
// the object that this is in, so it outlives them.
// Failure: methods that return false leave a Python exception. A ring that Node has corrupted, a
// frame that breaks the protocol, and memory that runs out while a frame is taken end the process
// (Py_FatalError prints the reason): the streams could not go on.
class Channel final : public Host {
 public:
  static constexpr size_t kFds = 3;
  // `files` is the socket on which files are passed on; `fds` are all descriptors of the channel,
  // borrowed.
  Channel(py::Ref module, std::unique_ptr<shm::Endpoint> endpoint, base::UniqueFd files,
          const std::array<int, kFds>& fds);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // The methods of the Python type (channel_type.cc); docs of each are there.
  [[nodiscard]] int fd() const { return endpoint_->bell_fd(); }
  [[nodiscard]] size_t active() const { return cycles_.size(); }
  [[nodiscard]] bool Start(PyObject* self, PyObject* args, PyObject* kwargs);
  // Node has not closed its end of the bell.
  [[nodiscard]] bool connected() const { return !endpoint_->peer_left(); }
  // The bell has rung.
  [[nodiscard]] bool Drain();
  // The loop has made a turn since frames were taken.
  [[nodiscard]] bool Resume();
  // kHeadDelay has passed since SendHeads() was asked for.
  [[nodiscard]] bool SendHeads();
  void CancelAll();
  // In a process that the application forked: closes the descriptors. The memory is not mapped
  // there (MADV_DONTFORK), so a child that uses this as if it were the worker is stopped by
  // SIGSEGV.
  void CloseInChild();
  // True: no frame waits for room any more.
  [[nodiscard]] bool Flush();
  py::Ref on_idle;

  void CycleEnded(uint32_t stream) override;
  void StartHeld(uint32_t stream, uint64_t ticket) override;

  [[nodiscard]] int Traverse(visitproc visit, void* arg) const;
  void Clear();

 private:
  // False: an exception is set.
  [[nodiscard]] bool TakeFrames();
  // These return false when the frame breaks the protocol.
  [[nodiscard]] bool OnFrame(std::span<const std::byte> bytes);
  [[nodiscard]] bool OnPart();
  // Handles the frame that was parsed, unless it is a Part.
  [[nodiscard]] bool OnParsed();
  [[nodiscard]] bool OnRequest(const wire::Request& request);
  [[nodiscard]] bool OnConnect(const wire::Connect& connect);
  // Hands the frame to the cycle of its stream. A stream that is unknown has ended here while the
  // frame was on its way, which is not an error.
  template <class Message, class Handle>
  [[nodiscard]] bool ToCycle(Handle handle);
  // False: there is a cycle of this stream already.
  [[nodiscard]] bool Add(uint32_t stream, py::Ref object, Cycle* cycle);
  // Runs the app, unless `failure` (to build its scope) prevents it.
  void Run(PyObject* object, Cycle* cycle, const py::Ref& failure);
  void Call(const py::Ref& callback, const py::Ref& argument = {});
  void CancelTask(const py::Ref& task);

  const py::Ref module_;
  const pid_t pid_ = ::getpid();
  const std::array<int, kFds> fds_;
  base::UniqueFd files_;
  std::unique_ptr<shm::Endpoint> endpoint_;
  shm::Spinner spinner_{shm::SpinPolicy::Adaptive()};
  wire::Frame frame_;
  wire::PartJoiner joiner_;
  struct Entry {
    py::Ref object;
    Cycle* cycle;  // in it
  };
  std::unordered_map<uint32_t, Entry> cycles_;  // by stream

  bool resuming_ = false;  // the loop is about to call Resume()

  // Starts of responses that wait for their bodies. A single timer serves all of them: SendHeads()
  // sends those that waited when it was last called, so that each waits for one to two periods.
  struct HeldStart {
    uint32_t stream;
    uint64_t ticket;
  };
  std::vector<HeldStart> new_starts_;
  std::vector<HeldStart> old_starts_;
  bool timing_ = false;  // the loop is going to call SendHeads()
  // False: an exception is set.
  [[nodiscard]] bool TimeHeads();

  // Set by Start.
  PyObject* self_ = nullptr;  // the object that this is in, borrowed
  std::optional<ScopeBuilder> scopes_;
  py::Ref spawn_;
  py::Ref spawn_options_;  // a dict
  py::Ref on_stop_;
  py::Ref call_soon_;
  py::Ref resume_;
  py::Ref call_later_;
  py::Ref send_heads_;
  py::Ref head_delay_;
};

}  // namespace nasgi::worker
