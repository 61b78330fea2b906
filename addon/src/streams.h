#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "events.h"
#include "wire/flow.h"
#include "wire/frame.h"
#include "wire/messages.h"

namespace nasgi::addon {

// One request or WebSocket in flight, as far as flow control and the protocol go.
struct Stream {
  wire::SendWindow send;        // the request's body
  wire::ReceiveWindow receive;  // the response's
  bool request_ended = false;
  bool response_started = false;
  bool websocket = false;
  bool accepted = false;  // a WebSocket
  bool aborted = false;   // JavaScript wants to hear only that it is over
};

// The streams of a channel. Holds each frame of the worker to the protocol, which the worker, being
// able to run anything, may break in any way, and turns it into an event.
class Streams {
 public:
  // A new stream's id, never 0.
  uint32_t Open(bool websocket);
  // Null when the stream has ended.
  [[nodiscard]] Stream* Find(uint32_t id);

  [[nodiscard]] bool empty() const { return streams_.empty(); }

  // False: the worker broke the protocol; fault() says how.
  [[nodiscard]] bool OnFrame(std::span<const std::byte> bytes, EventArray* events);
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  template <class Message>
  [[nodiscard]] bool Take(EventArray* events);
  [[nodiscard]] bool On(const wire::Response& response, EventArray* events);
  [[nodiscard]] bool On(const wire::Body& body, EventArray* events);
  [[nodiscard]] bool On(const wire::Credit& credit, EventArray* events);
  [[nodiscard]] bool On(const wire::Trailers& trailers, EventArray* events);
  [[nodiscard]] bool On(const wire::File& file, EventArray* events);
  [[nodiscard]] bool On(const wire::EarlyHint& hint, EventArray* events);
  [[nodiscard]] bool On(const wire::Push& push, EventArray* events);
  [[nodiscard]] bool On(const wire::Continue& wanted, EventArray* events);
  [[nodiscard]] bool On(const wire::Accept& accept, EventArray* events);
  [[nodiscard]] bool On(const wire::SocketMessage& message, EventArray* events);
  [[nodiscard]] bool On(const wire::Close& close, EventArray* events);
  [[nodiscard]] bool On(const wire::AppError& error, EventArray* events);
  [[nodiscard]] bool On(const wire::Closed& closed, EventArray* events);
  [[nodiscard]] bool On(const wire::Ready& ready, EventArray* events);
  [[nodiscard]] bool On(const wire::StartupFailed& failed, EventArray* events);
  [[nodiscard]] bool On(const wire::Stopped& stopped, EventArray* events);
  [[nodiscard]] bool On(const wire::Pong& pong, EventArray* events);
  [[nodiscard]] bool Fault(std::string what);
  // The stream of a request whose response has not started; null with a fault set otherwise.
  [[nodiscard]] Stream* BeforeResponse(uint32_t id);
  void End(uint32_t id) { streams_.erase(id); }

  std::unordered_map<uint32_t, Stream> streams_;
  uint32_t last_ = 0;
  wire::Frame frame_;
  std::string fault_;
};

}  // namespace nasgi::addon
