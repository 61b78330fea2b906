#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>

#include "wire/protocol.h"

// The messages of the rings. Each lists its fields once, in their order on the wire, in Fields(),
// which frame.h uses to pack and parse.
//
// Thread safety: plain values.
// Lifetime: views point into the parsed frame, or at the bytes of the caller that packs, and must
// not outlive them.
// Failure: none; frame.h checks what it parses, except for the content of text.
namespace nasgi::wire {

// Text that HTTP carries travels as ONE latin-1 string, its parts joined by NUL, which cannot occur
// in any of them. So one string crosses into or out of JavaScript instead of dozens. http_head.h
// reads it.

// A request with the start of its body.
struct Request {
  static constexpr MessageType kType = MessageType::kRequest;
  uint32_t stream = 0;
  std::string_view head;  // the fields of HeadField, then name, value, name, value …
  std::string_view body;  // the first bytes of the body
  bool end = false;       // whether this is the whole body
  static auto Fields(auto& m) { return std::tie(m.stream, m.head, m.body, m.end); }
};

// The head of a final response with the start of its body.
struct Response {
  static constexpr MessageType kType = MessageType::kResponse;
  uint32_t stream = 0;
  uint32_t status = 0;
  std::string_view headers;  // name, value, name, value …; names are lower case
  std::string_view body;
  bool end = false;
  static auto Fields(auto& m) { return std::tie(m.stream, m.status, m.headers, m.body, m.end); }
};

// More of the body of a request or response.
struct Body {
  static constexpr MessageType kType = MessageType::kBody;
  uint32_t stream = 0;
  std::string_view bytes;
  bool end = false;
  static auto Fields(auto& m) { return std::tie(m.stream, m.bytes, m.end); }
};

// The receiver of a body has consumed `bytes` more, so the sender's window opens by that much.
struct Credit {
  static constexpr MessageType kType = MessageType::kCredit;
  uint32_t stream = 0;
  uint32_t bytes = 0;
  static auto Fields(auto& m) { return std::tie(m.stream, m.bytes); }
};

// Nobody waits for the response any longer.
struct Disconnect {
  static constexpr MessageType kType = MessageType::kDisconnect;
  uint32_t stream = 0;
  static auto Fields(auto& m) { return std::tie(m.stream); }
};

// Cancels the application's task. Follows a Disconnect to which the application did not react.
struct Cancel {
  static constexpr MessageType kType = MessageType::kCancel;
  uint32_t stream = 0;
  static auto Fields(auto& m) { return std::tie(m.stream); }
};

// The response ends with trailers.
struct Trailers {
  static constexpr MessageType kType = MessageType::kTrailers;
  uint32_t stream = 0;
  std::string_view headers;  // as in Response
  static auto Fields(auto& m) { return std::tie(m.stream, m.headers); }
};

// A complete response. Its body is the content of a file, which Node reads. The worker passes the
// descriptor of the file on with the number of the stream (base/fd_passing.h), and then sends this.
struct File {
  static constexpr MessageType kType = MessageType::kFile;
  uint32_t stream = 0;
  uint32_t status = 0;
  std::string_view headers;  // as in Response
  static auto Fields(auto& m) { return std::tie(m.stream, m.status, m.headers); }
};

// A 103 response, before the final response.
struct EarlyHint {
  static constexpr MessageType kType = MessageType::kEarlyHint;
  uint32_t stream = 0;
  std::string_view links;  // values of link headers, joined by NUL
  static auto Fields(auto& m) { return std::tie(m.stream, m.links); }
};

// Offers the client the response to another request (RFC 9113, 8.4).
struct Push {
  static constexpr MessageType kType = MessageType::kPush;
  uint32_t stream = 0;
  std::string_view path;     // percent-encoded, with its query
  std::string_view headers;  // of the request; as in Response
  static auto Fields(auto& m) { return std::tie(m.stream, m.path, m.headers); }
};

// The application wants the body of a request that has kWantsContinue among its features.
struct Continue {
  static constexpr MessageType kType = MessageType::kContinue;
  uint32_t stream = 0;
  static auto Fields(auto& m) { return std::tie(m.stream); }
};

// Opens a WebSocket. The worker answers with Accept, Close, or a Response that says why not.
struct Connect {
  static constexpr MessageType kType = MessageType::kConnect;
  uint32_t stream = 0;
  std::string_view head;  // as in Request
  static auto Fields(auto& m) { return std::tie(m.stream, m.head); }
};

// The application accepts a WebSocket.
struct Accept {
  static constexpr MessageType kType = MessageType::kAccept;
  uint32_t stream = 0;
  std::string_view subprotocol;  // latin-1; empty: none
  std::string_view headers;      // as in Response
  static auto Fields(auto& m) { return std::tie(m.stream, m.subprotocol, m.headers); }
};

// A WebSocket message, or a piece of one. The pieces of a message follow each other.
struct SocketMessage {
  static constexpr MessageType kType = MessageType::kMessage;
  uint32_t stream = 0;
  std::string_view bytes;
  bool text = false;  // the whole message is UTF-8; the same in all pieces
  bool end = false;   // the last piece
  static auto Fields(auto& m) { return std::tie(m.stream, m.bytes, m.text, m.end); }
};

// To the worker: the WebSocket is closed and no message follows. To Node: the application closes
// the WebSocket, or refuses it if it has not accepted it; this ends the stream.
struct Close {
  static constexpr MessageType kType = MessageType::kClose;
  uint32_t stream = 0;
  uint32_t code = 0;        // IsCloseCode (close_code.h)
  std::string_view reason;  // UTF-8, at most kMaxCloseReason bytes
  static auto Fields(auto& m) { return std::tie(m.stream, m.code, m.reason); }
};

// The application failed. Ends the stream.
struct AppError {
  static constexpr MessageType kType = MessageType::kAppError;
  uint32_t stream = 0;
  std::string_view type;
  std::string_view message;
  std::string_view traceback;
  bool started = false;  // whether a Response or Accept was sent before
  static auto Fields(auto& m) {
    return std::tie(m.stream, m.type, m.message, m.traceback, m.started);
  }
};

// The application ended without a complete response after a Disconnect. Ends the stream.
struct Closed {
  static constexpr MessageType kType = MessageType::kClosed;
  uint32_t stream = 0;
  static auto Fields(auto& m) { return std::tie(m.stream); }
};

// The worker takes requests from now on.
struct Ready {
  static constexpr MessageType kType = MessageType::kReady;
  uint32_t version = kWireVersion;
  std::string_view info;  // JSON, at most kMaxReadyInfo bytes
  static auto Fields(auto& m) { return std::tie(m.version, m.info); }
};

// The worker cannot start; it exits next.
struct StartupFailed {
  static constexpr MessageType kType = MessageType::kStartupFailed;
  std::string_view kind;  // import | lifespan | timeout | internal
  std::string_view type;
  std::string_view message;
  std::string_view traceback;
  static auto Fields(auto& m) { return std::tie(m.kind, m.type, m.message, m.traceback); }
};

// Asks the worker to finish its requests, shut down and exit. May be sent again with another
// patience.
struct Stop {
  static constexpr MessageType kType = MessageType::kStop;
  uint32_t patience = 0;  // milliseconds from now until unfinished tasks are cancelled
  static auto Fields(auto& m) { return std::tie(m.patience); }
};

// A part of a frame that is too long for one record (parts.h). The next record of the ring is the
// next part.
struct Part {
  static constexpr MessageType kType = MessageType::kPart;
  std::string_view bytes;
  bool end = false;  // the last part
  static auto Fields(auto& m) { return std::tie(m.bytes, m.end); }
};

// A message without fields.
template <MessageType type>
struct Signal {
  static constexpr MessageType kType = type;
  static auto Fields(auto& /*m*/) { return std::tie(); }
};

using Stopped = Signal<MessageType::kStopped>;  // the worker's last frame: it has shut down
using Ping = Signal<MessageType::kPing>;
using Pong = Signal<MessageType::kPong>;

}  // namespace nasgi::wire
