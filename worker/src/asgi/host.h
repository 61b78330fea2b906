#pragma once

#include <cstddef>
#include <cstdint>

#include "asgi/module_state.h"
#include "loop/sender.h"
#include "py/ref.h"

namespace nasgi::worker {

// The application that a worker serves, and how its errors become text. All three are callables.
struct Application {
  py::Ref app;             // app(scope, receive, send), ASGI 3
  py::Ref describe_error;  // describe_error(exception) -> (type, message, traceback)
  py::Ref write_error;     // write_error(text)
};

// What a cycle needs of the channel that runs it. Channel derives from it, so that a channel knows
// the cycles, and a cycle knows only this.
//
// Thread safety: the loop's thread only, with the GIL held.
// Lifetime: must outlive every cycle that it is given to; a cycle holds the Python object that it
// is part of.
// Failure: none.
class Host {
 public:
  [[nodiscard]] const ModuleState& state() const { return *state_; }
  [[nodiscard]] const Application& application() const { return application_; }
  // The cycles' frames go out here.
  [[nodiscard]] Sender& sender() { return sender_; }
  [[nodiscard]] const Sender& sender() const { return sender_; }

  // The last frame of the stream has been sent and its app has ended: lets go of its cycle.
  virtual void CycleEnded(uint32_t stream) = 0;
  // The stream holds the start of a response back while its app does something else. Calls
  // SendHead of its cycle with this ticket after kHeadDelay to twice that time.
  virtual void StartHeld(uint32_t stream, uint64_t ticket) = 0;
  // The app of one cycle more (or less) waits for Node.
  void CycleWaits(bool waits) { waits ? ++waiting_ : --waiting_; }

 protected:
  // All must outlive this; `files` is the socket on which files are passed on.
  Host(const ModuleState* state, shm::Endpoint* endpoint, int files)
      : state_(state), sender_(endpoint, files) {}
  ~Host() = default;

  // Cycles whose apps wait for Node.
  [[nodiscard]] size_t waiting() const { return waiting_; }

  Application application_;  // set before the first cycle is made

 private:
  const ModuleState* state_;
  Sender sender_;
  size_t waiting_ = 0;
};

}  // namespace nasgi::worker
