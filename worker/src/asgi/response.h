#pragma once

#include <Python.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "asgi/header_list.h"
#include "asgi/names.h"
#include "asgi/sending.h"

namespace nasgi::worker {

// What an app has sent of one HTTP response so far. It holds the app to the rules of ASGI (www spec
// 2.5) and HTTP: the order of messages, headers that HTTP can carry, a body as long as
// content-length says.
//
// Thread safety: the loop's thread only, with the GIL held.
// Lifetime: see the constructor.
// Failure: methods that return false leave a Python exception that says what was expected. A
// message that was refused changes nothing, so the app may send another one.
class Response {
 public:
  enum class State {
    kExpectStart,
    kStartHeld,  // the app has sent the start, which waits for the first piece of the body
    kHeadSent,   // the head has been sent, without a piece of the body
    kStreaming,
    kExpectTrailers,
    kComplete,
  };

  // `start` and `body` are the types of the response's messages, and must outlive this.
  Response(const py::Ref& start, const py::Ref& body, bool to_head_request)
      : start_(start), body_(body), bodiless_(to_head_request) {}

  // Takes a message of send(), of this type. A start is held back for the first body event, as ASGI
  // allows: head and body become one frame, and an error before the body can become a 500. For a
  // body event, `sending` gets the bytes to send.
  [[nodiscard]] bool Take(PyObject* type, PyObject* message, const Names& names, Sending* sending);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] uint32_t status() const { return status_; }
  // The headers say what becomes of ranges, so the server need not.
  [[nodiscard]] bool handles_ranges() const { return handles_ranges_; }
  // Joined by NUL, as in wire::Response.
  [[nodiscard]] const std::string& headers() const { return headers_.joined(); }

  // The start says that trailers follow the body.
  [[nodiscard]] bool has_trailers() const { return has_trailers_; }
  // HEAD, 204, 304: the body is dropped, and content-length is not checked against it.
  [[nodiscard]] bool bodiless() const { return bodiless_; }

  // The client has been told of a status.
  [[nodiscard]] bool started() const { return state_ > State::kStartHeld; }

  // The head has been sent by itself.
  void HeadSent() { state_ = State::kHeadSent; }
  // A frame of the body has been sent; `end`: it was the last.
  void Sent(bool end) {
    state_ = !end ? State::kStreaming : has_trailers_ ? State::kExpectTrailers : State::kComplete;
  }
  // The last frame of the response has been sent.
  void Complete() { state_ = State::kComplete; }

  // -1: the start gives none.
  [[nodiscard]] int64_t content_length() const { return content_length_; }

  // Counts bytes of the body. False if they exceed content-length or, being the last, fall short of
  // it.
  [[nodiscard]] bool Count(int64_t bytes, bool last);

 private:
  [[nodiscard]] bool TakeStart(PyObject* message, const Names& names);
  [[nodiscard]] bool TakeBody(PyObject* message, const Names& names, Sending* sending);
  [[nodiscard]] bool TakeHeaders(PyObject* headers);
  [[nodiscard]] bool TakeLength(std::string_view text);

  const py::Ref& start_;
  const py::Ref& body_;
  State state_ = State::kExpectStart;
  bool bodiless_;
  bool has_trailers_ = false;
  bool handles_ranges_ = false;
  uint32_t status_ = 0;
  HeaderList headers_;
  int64_t content_length_ = -1;  // -1: not given
  int64_t body_length_ = 0;
};

}  // namespace nasgi::worker
