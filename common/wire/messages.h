#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>

#include "wire/protocol.h"

// The messages of the rings. Each lists its fields once, in their order on the wire, in Fields();
// frame.h packs and parses by it. Views point into the frame (parsing) or at the caller's bytes
// (packing) and must not outlive them.
namespace nasgi::wire {

// Text that HTTP carries travels as ONE latin-1 string, its parts joined by NUL, which none of them
// can hold: one string crosses into or out of JavaScript instead of dozens. http_head.h reads it.

struct Request {
  static constexpr MessageType kType = MessageType::kRequest;
  uint32_t stream = 0;
  std::string_view head;  // the fields of HeadField, then name, value, name, value …
  std::string_view body;  // the first bytes of the body
  bool end = false;       // whether they are all of it
  static auto Fields(auto& m) { return std::tie(m.stream, m.head, m.body, m.end); }
};

struct Response {
  static constexpr MessageType kType = MessageType::kResponse;
  uint32_t stream = 0;
  uint32_t status = 0;
  std::string_view headers;  // name, value, name, value …; names are lower case
  std::string_view body;
  bool end = false;
  static auto Fields(auto& m) { return std::tie(m.stream, m.status, m.headers, m.body, m.end); }
};

struct Body {
  static constexpr MessageType kType = MessageType::kBody;
  uint32_t stream = 0;
  std::string_view bytes;
  bool end = false;
  static auto Fields(auto& m) { return std::tie(m.stream, m.bytes, m.end); }
};

// The receiver of a body has consumed `bytes` more: the sender's window opens by as much.
struct Credit {
  static constexpr MessageType kType = MessageType::kCredit;
  uint32_t stream = 0;
  uint32_t bytes = 0;
  static auto Fields(auto& m) { return std::tie(m.stream, m.bytes); }
};

// Nobody waits for this response any more.
struct Disconnect {
  static constexpr MessageType kType = MessageType::kDisconnect;
  uint32_t stream = 0;
  static auto Fields(auto& m) { return std::tie(m.stream); }
};

// After a Disconnect that the application did not react to: its task is cancelled.
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

// A whole response whose body is the content of a file, which Node reads.
struct File {
  static constexpr MessageType kType = MessageType::kFile;
  uint32_t stream = 0;
  uint32_t status = 0;
  std::string_view headers;  // as in Response
  std::string_view path;     // absolute
  static auto Fields(auto& m) { return std::tie(m.stream, m.status, m.headers, m.path); }
};

// A 103 response before the response.
struct EarlyHint {
  static constexpr MessageType kType = MessageType::kEarlyHint;
  uint32_t stream = 0;
  std::string_view links;  // values of link headers, joined by NUL
  static auto Fields(auto& m) { return std::tie(m.stream, m.links); }
};

// The client is offered the response to another request (RFC 9113, 8.4).
struct Push {
  static constexpr MessageType kType = MessageType::kPush;
  uint32_t stream = 0;
  std::string_view path;     // percent-encoded, with its query
  std::string_view headers;  // of the request; as in Response
  static auto Fields(auto& m) { return std::tie(m.stream, m.path, m.headers); }
};

// The application wants the body of a request with kContinue among its features.
struct Continue {
  static constexpr MessageType kType = MessageType::kContinue;
  uint32_t stream = 0;
  static auto Fields(auto& m) { return std::tie(m.stream); }
};

// A WebSocket is asked for. The worker answers with Accept, with Close, or with a Response that
// says why not.
struct Connect {
  static constexpr MessageType kType = MessageType::kConnect;
  uint32_t stream = 0;
  std::string_view head;  // as in Request
  static auto Fields(auto& m) { return std::tie(m.stream, m.head); }
};

struct Accept {
  static constexpr MessageType kType = MessageType::kAccept;
  uint32_t stream = 0;
  std::string_view subprotocol;  // latin-1; empty = none
  std::string_view headers;      // as in Response
  static auto Fields(auto& m) { return std::tie(m.stream, m.subprotocol, m.headers); }
};

// A message of a WebSocket, or a piece of one: the pieces of a message follow each other.
struct SocketMessage {
  static constexpr MessageType kType = MessageType::kMessage;
  uint32_t stream = 0;
  std::string_view bytes;
  bool text = false;  // the whole message is UTF-8; the same in all its pieces
  bool end = false;   // the last piece
  static auto Fields(auto& m) { return std::tie(m.stream, m.bytes, m.text, m.end); }
};

// To the worker: the WebSocket is closed, no message follows. To Node: the application closes it,
// or refuses it if it has not accepted it; ends the stream.
struct Close {
  static constexpr MessageType kType = MessageType::kClose;
  uint32_t stream = 0;
  uint32_t code = 0;        // RFC 6455, 7.4; 1005 = none was given, 1006 = the connection was lost
  std::string_view reason;  // UTF-8, kMaxCloseReason bytes at most
  static auto Fields(auto& m) { return std::tie(m.stream, m.code, m.reason); }
};

// The application failed; ends the stream.
struct AppError {
  static constexpr MessageType kType = MessageType::kAppError;
  uint32_t stream = 0;
  std::string_view type;
  std::string_view message;
  std::string_view traceback;
  bool started = false;  // whether a Response or Accept went before
  static auto Fields(auto& m) {
    return std::tie(m.stream, m.type, m.message, m.traceback, m.started);
  }
};

// The application ended without a complete response after a disconnect; ends the stream.
struct Closed {
  static constexpr MessageType kType = MessageType::kClosed;
  uint32_t stream = 0;
  static auto Fields(auto& m) { return std::tie(m.stream); }
};

// The worker serves from now on.
struct Ready {
  static constexpr MessageType kType = MessageType::kReady;
  uint32_t version = kWireVersion;
  std::string_view info;  // JSON
  static auto Fields(auto& m) { return std::tie(m.version, m.info); }
};

struct StartupFailed {
  static constexpr MessageType kType = MessageType::kStartupFailed;
  std::string_view kind;  // import | lifespan | timeout | internal
  std::string_view type;
  std::string_view message;
  std::string_view traceback;
  static auto Fields(auto& m) { return std::tie(m.kind, m.type, m.message, m.traceback); }
};

// Finish what is under way, shut down, exit. May be sent again with another patience.
struct Stop {
  static constexpr MessageType kType = MessageType::kStop;
  uint32_t patience = 0;  // milliseconds from now until tasks that are left are cancelled
  static auto Fields(auto& m) { return std::tie(m.patience); }
};

// A message without fields.
template <MessageType type>
struct Signal {
  static constexpr MessageType kType = type;
  static auto Fields(auto& /*m*/) { return std::tie(); }
};

using Stopped = Signal<MessageType::kStopped>;  // the worker has shut down; its last frame
using Ping = Signal<MessageType::kPing>;
using Pong = Signal<MessageType::kPong>;

}  // namespace nasgi::wire
