#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/unique_fd.h"
#include "events.h"
#include "wire/flow.h"
#include "wire/frame.h"
#include "wire/messages.h"
#include "wire/parts.h"

namespace nasgi::addon {

// What flow control and the protocol need to know about one request or WebSocket in flight.
struct Stream {
  wire::SendWindow send;        // for the request's body, or messages to the worker
  wire::ReceiveWindow receive;  // for the response's body, or messages from the worker
  bool request_ended = false;
  bool response_started = false;
  bool websocket = false;
  bool accepted = false;  // the WebSocket is open
  bool aborted = false;   // JavaScript is told only that the stream has ended
  bool blocked = false;   // JavaScript has more to send, and waits for credit
};

// The streams of a channel. Checks each frame from the worker against the protocol and turns it
// into an event. The worker may run any code, so it may break the protocol in any way. Whatever
// Node, its HTTP/2 or ws would throw at counts as such: the worker checks the same before it sends
// (worker/src/asgi).
//
// Thread safety: that of the channel, one environment's thread.
// Lifetime: a Stream* is valid until OnFrame() is called, which may end the stream.
// Failure: after OnFrame() has returned false, fault() says why, and the channel must be closed.
class Streams {
 public:
  // `files`: the socket on which the worker passes files on; borrowed.
  void set_files(int files) { files_ = files; }
  // Opens a stream and returns its id, which is never 0.
  [[nodiscard]] uint32_t Open(bool websocket);
  // Null when the stream has ended.
  [[nodiscard]] Stream* Find(uint32_t id);

  [[nodiscard]] bool empty() const { return streams_.empty(); }

  // JavaScript has more to send than the window of the stream allows, or no longer has. It gets the
  // event of a credit only while it waits for one.
  void SetBlocked(Stream* stream, bool blocked);
  [[nodiscard]] bool any_blocked() const { return blocked_ > 0; }

  // Adds the event of a frame to `events`. `bytes` are private, because what is checked here must
  // be what JavaScript gets. False: the worker broke the protocol.
  [[nodiscard]] bool OnFrame(std::span<const std::byte> bytes, EventArray* events);
  // The descriptor of a file that an event of this stream announced, once; the caller owns it. Not
  // valid if there is none, or if the process had no room for it.
  [[nodiscard]] base::UniqueFd TakeFile(uint32_t id);
  // JavaScript has seen `events`: closes the files among them that it has not taken.
  void DropFiles(const EventArray& events);
  // A clause about the worker, like "it sent a body on stream 7, which is not open". Empty before
  // the first fault.
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  // Handles the frame that was parsed, unless it is a Part.
  [[nodiscard]] bool OnParsed(EventArray* events);
  [[nodiscard]] bool OnPart(EventArray* events);
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

  // Notes a fault and returns false. The second builds the clause "it sent `what` on stream
  // `id``why`". Cold, which keeps the making of messages out of the hot path.
  [[nodiscard, gnu::cold]] bool Fault(std::string clause);
  [[nodiscard, gnu::cold]] bool Fault(std::string_view what, uint32_t id, std::string_view why);
  // The stream that a frame, `what`, is for; null, with a fault noted, when it is not open.
  [[nodiscard]] Stream* FindFor(std::string_view what, uint32_t id);
  // As FindFor, for a frame that comes before the response to an HTTP request.
  [[nodiscard]] Stream* FindBeforeResponse(std::string_view what, uint32_t id);
  // False, with a fault noted: a final response cannot have this status.
  [[nodiscard]] bool CheckStatus(uint32_t id, uint32_t status);
  // False, with a fault noted: HTTP cannot carry the headers, joined, of `what`.
  [[nodiscard]] bool CheckHeaders(std::string_view what, uint32_t id, std::string_view headers);
  // False, with a fault noted: the worker has overrun the stream's window.
  [[nodiscard]] bool Receive(Stream* stream, uint32_t id, size_t bytes);
  // Ends the stream if `end`. True: JavaScript wants the frame's own event. False: the stream was
  // aborted, and its end, if any, has been reported.
  [[nodiscard]] bool Settle(Stream* stream, uint32_t id, bool end, EventArray* events);

  std::unordered_map<uint32_t, Stream> streams_;
  uint32_t last_ = 0;
  size_t blocked_ = 0;  // streams that are blocked
  wire::Frame frame_;
  wire::PartJoiner joiner_;
  int files_ = -1;
  std::unordered_map<uint32_t, base::UniqueFd> waiting_files_;  // until JavaScript takes them
  std::string valid_headers_;  // the last ones, since most responses have those of the one before
  std::string fault_;
};

}  // namespace nasgi::addon
