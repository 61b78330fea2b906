#pragma once

#include <Python.h>

#include <cstdint>
#include <vector>

#include "asgi/cycle.h"
#include "asgi/header_list.h"
#include "asgi/scope.h"

namespace nasgi::worker {

// One HTTP request and its response.
class HttpCycle : public Cycle {
 public:
  HttpCycle(Channel* channel, py::Ref channel_object, uint32_t stream, py::Ref scope,
            const RequestTraits& traits);

  [[nodiscard]] bool OnBody(std::string_view bytes, bool end) override;
  Progress Receive(py::Ref* message, py::Ref* future) override;
  Progress Send(PyObject* message, Awaitable::Sending* sending, py::Ref* future) override;

 protected:
  [[nodiscard]] Functions* functions() const override;
  [[nodiscard]] AppErrorText OnReturn() override;
  [[nodiscard]] bool complete() const override {
    return response_.state() == Response::State::kComplete;
  }
  [[nodiscard]] bool started() const override {
    return response_.state() == Response::State::kStreaming ||
           response_.state() == Response::State::kExpectTrailers;
  }
  void DropReceived() override;

 private:
  [[nodiscard]] py::Ref BodyMessage();
  // send() of the extensions' messages. kWait: it is none of those.
  Progress SendExtension(PyObject* type, PyObject* message, Awaitable::Sending* sending);
  Progress SendPath(PyObject* message);
  Progress SendTrailers(PyObject* message);
  Progress SendEarlyHint(PyObject* message);
  Progress SendPush(PyObject* message);
  [[nodiscard]] bool TakeFile(PyObject* message, Awaitable::Sending* sending);
  Progress SendFile(Awaitable::Sending* sending, py::Ref* future);
  [[nodiscard]] bool body_waits() const { return next_ < body_.size(); }

  std::vector<py::Ref> body_;  // received; receive() has taken those before next_
  size_t next_ = 0;
  bool body_end_ = false;    // Node has sent all of it
  bool body_taken_ = false;  // receive() has returned the last of it
  bool wants_continue_;      // Node waits for a word before the client sends the body
  Response response_;
  HeaderList trailers_;
};

}  // namespace nasgi::worker
