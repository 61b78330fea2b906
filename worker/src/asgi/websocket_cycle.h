#pragma once

#include <Python.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "asgi/cycle.h"

namespace nasgi::worker {

// One WebSocket (ASGI www spec 2.5): messages in both directions until either side closes it, or a
// response that refuses it. Thread safety, lifetime and failure: see Cycle.
class WebSocketCycle final : public Cycle {
 public:
  using Cycle::Cycle;

  [[nodiscard]] Delivery OnMessage(const wire::SocketMessage& message) override;
  [[nodiscard]] Delivery OnClose(const wire::Close& close) override;
  Progress Receive(py::Ref* message, py::Ref* future) override;
  Progress Send(PyObject* message, Sending* sending, py::Ref* future) override;

  [[nodiscard]] int Traverse(visitproc visit, void* arg) const override;
  void Clear() override;

 protected:
  [[nodiscard]] Functions* functions() const override;
  [[nodiscard]] AppErrorText OnReturn() override;
  [[nodiscard]] bool complete() const override { return phase_ == Phase::kClosed; }
  [[nodiscard]] bool started() const override {
    return phase_ == Phase::kOpen || (denial_ && denial_->started());
  }
  [[nodiscard]] Response* response() override { return denial_ ? &*denial_ : nullptr; }
  void DropReceived() override;
  void OnRoom() override { Pump(); }

 private:
  enum class Phase {
    kConnecting,  // the app has not answered yet
    kOpen,        // the app has accepted
    kDenying,     // the app is sending a response that refuses the WebSocket
    kClosed,      // the last frame has been sent
  };
  struct Received {
    py::Ref content;  // str or bytes
    size_t cost;      // in the window, to be given back
  };

  Progress SendConnecting(PyObject* type, PyObject* message, Sending* sending, py::Ref* future);
  Progress SendDenial(PyObject* type, PyObject* message, Sending* sending, py::Ref* future);
  Progress SendMessage(PyObject* message, Sending* sending, py::Ref* future);
  Progress SendAccept(PyObject* message);
  Progress SendClose(PyObject* message, py::Ref* future);
  // The content of a 'websocket.send'. False: a Python exception is set.
  [[nodiscard]] bool TakeContent(PyObject* message, Sending* sending) const;
  // Nothing with an exception set.
  [[nodiscard]] py::Ref DisconnectMessage() const;
  [[nodiscard]] py::Ref NextReceived();
  void EndStream(uint32_t code, std::string_view reason);
  // Sends as much of the current message as the window allows.
  void Pump();

  Phase phase_ = Phase::kConnecting;
  bool connect_taken_ = false;  // receive() has returned 'websocket.connect'
  std::optional<Response> denial_;
  uint32_t close_code_ = wire::kAbnormalClosure;  // for the disconnect event
  std::string close_reason_;

  std::deque<Received> received_;
  std::string partial_;      // the message that is arriving
  size_t partial_cost_ = 0;  // in the window, not given back yet

  // The message that is being sent. It is sent whole even if the task that sends it is cancelled:
  // half a message would break the connection.
  py::Ref outgoing_;
  bool outgoing_text_ = false;
  size_t outgoing_sent_ = 0;
  uint64_t messages_ = 0;  // whose first piece has been sent
};

}  // namespace nasgi::worker
