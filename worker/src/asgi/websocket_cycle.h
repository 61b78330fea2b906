#pragma once

#include <Python.h>

#include <deque>
#include <optional>
#include <string>

#include "asgi/cycle.h"

namespace nasgi::worker {

// One WebSocket (ASGI www spec 2.5): messages in both directions until either side closes it, or a
// response that refuses it.
class WebSocketCycle : public Cycle {
 public:
  using Cycle::Cycle;

  [[nodiscard]] bool OnMessage(const wire::SocketMessage& message) override;
  [[nodiscard]] bool OnClose(const wire::Close& close) override;
  Progress Receive(py::Ref* message, py::Ref* future) override;
  Progress Send(PyObject* message, Awaitable::Sending* sending, py::Ref* future) override;

  int Traverse(visitproc visit, void* arg) override;
  void Clear() override;

 protected:
  [[nodiscard]] Functions* functions() const override;
  [[nodiscard]] AppErrorText OnReturn() override;
  [[nodiscard]] bool complete() const override { return phase_ == Phase::kClosed; }
  [[nodiscard]] bool started() const override {
    return phase_ == Phase::kOpen || (denial_ && denial_->state() == Response::State::kStreaming);
  }
  void DropReceived() override;
  void OnRoom() override { Pump(); }

 private:
  // Asked for; accepted; being refused by a response; the last frame has been sent.
  enum class Phase { kConnecting, kOpen, kDenying, kClosed };
  struct Received {
    py::Ref content;  // str or bytes
    size_t cost;      // of the window, to be given back
  };

  [[nodiscard]] bool Is(PyObject* type, const py::Ref& name) const;
  Progress SendConnecting(PyObject* type, PyObject* message, Awaitable::Sending* sending,
                          py::Ref* future);
  Progress SendDenial(PyObject* type, PyObject* message, Awaitable::Sending* sending,
                      py::Ref* future);
  Progress SendMessage(PyObject* message, Awaitable::Sending* sending, py::Ref* future);
  Progress SendAccept(PyObject* message);
  Progress SendClose(PyObject* message, py::Ref* future);
  [[nodiscard]] bool TakeContent(PyObject* message, Awaitable::Sending* sending) const;
  [[nodiscard]] py::Ref DisconnectMessage() const;
  [[nodiscard]] py::Ref NextReceived();
  void EndStream(uint32_t code, std::string_view reason);
  // Sends as much of the message under way as the window allows.
  void Pump();

  Phase phase_ = Phase::kConnecting;
  bool connect_taken_ = false;
  std::optional<Response> denial_;
  uint32_t close_code_ = wire::kAbnormalClosure;  // for the disconnect event
  std::string close_reason_;

  std::deque<Received> received_;
  std::string partial_;      // the message that is arriving
  size_t partial_cost_ = 0;  // of the window, not given back yet

  // The message that is being sent. It is sent whole even if the task that sends it is cancelled:
  // half of a message would break the connection.
  py::Ref outgoing_;
  bool outgoing_text_ = false;
  size_t outgoing_sent_ = 0;
  uint64_t messages_ = 0;  // that were begun
};

}  // namespace nasgi::worker
