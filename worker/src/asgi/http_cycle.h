#pragma once

#include <Python.h>

#include <cstdint>
#include <string>
#include <vector>

#include "asgi/cycle.h"
#include "asgi/header_list.h"
#include "asgi/scope.h"
#include "base/unique_fd.h"

namespace nasgi::worker {

// One HTTP request and its response. Thread safety, lifetime and failure: see Cycle.
class HttpCycle final : public Cycle {
 public:
  HttpCycle(Host* host, py::Ref host_object, uint32_t stream, py::Ref scope,
            const RequestTraits& traits);

  [[nodiscard]] Delivery OnBody(std::string_view bytes, bool end) override;
  Progress Receive(py::Ref* message, py::Ref* future) override;
  Progress Send(PyObject* message, Sending* sending, py::Ref* future) override;

 protected:
  [[nodiscard]] Functions* functions() const override;
  [[nodiscard]] AppErrorText OnReturn() override;
  [[nodiscard]] bool complete() const override {
    return response_.state() == Response::State::kComplete;
  }
  [[nodiscard]] bool started() const override {
    return response_.started() && response_.state() != Response::State::kComplete;
  }
  [[nodiscard]] Response* response() override { return &response_; }
  void DropReceived() override;

 private:
  // What SendExtension has made of a message.
  enum class Extension {
    kNone,  // it is not a message of an extension
    kSent,
    kBody,   // it is a small file, which SendBody is to send
    kFile,   // it is a file, whose bytes SendFile is to send
    kHint,   // it is an early hint, which SendHint is to send
    kError,  // a Python exception is set
  };

  // All that has arrived and that receive() has not returned, as one piece: an application that
  // spends time on each piece, such as the parser of a form, gets fewer of them when it is slow.
  [[nodiscard]] py::Ref TakeBody();
  [[nodiscard]] py::Ref BodyMessage();
  // send() of the extensions' messages (http_extensions.cc).
  [[nodiscard]] Extension SendExtension(PyObject* type, PyObject* message, Sending* sending);
  [[nodiscard]] Extension SendPath(PyObject* message, Sending* sending);
  // Each of these returns false with a Python exception set.
  [[nodiscard]] bool SendTrailers(PyObject* message);
  [[nodiscard]] bool TakeEarlyHint(PyObject* message, Sending* sending);
  [[nodiscard]] bool SendPush(PyObject* message);
  [[nodiscard]] bool TakeFile(PyObject* message, Sending* sending);
  // Turns a file that SendPath sends into an ordinary body, if it is small and that takes no time.
  // False: it stays a file, or an exception is set.
  [[nodiscard]] bool MakeBody(Sending* sending);
  // Begins to send part of a file.
  [[nodiscard]] bool StartFile(int fd, int64_t position, int64_t count, bool more,
                               Sending* sending);
  Progress SendFile(Sending* sending, py::Ref* future);
  Progress SendHint(Sending* sending, py::Ref* future);

  std::vector<py::Ref> body_;  // received, and not returned by receive() yet
  bool body_end_ = false;      // Node has sent all of it
  bool body_taken_ = false;    // receive() has returned the last of it
  bool wants_continue_;        // the client sends the body only after a 100 response
  const bool wants_range_;     // the client asks for a part of the response
  Response response_;
  HeaderList trailers_;
};

}  // namespace nasgi::worker
