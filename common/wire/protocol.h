#pragma once

#include <cstddef>
#include <cstdint>

// The protocol between Node and a worker, and between Node and the fork server: the numbers.
// Both sides and the JavaScript take them from here; the fields of each message are in messages.h
// and control.h, their bytes are fixed by the golden vectors in fixtures/frames/.
//
// A frame is one msgpack array [type, field, field, …] of unsigned integers, booleans and bin
// values. It never nests. A decoder also takes str where it expects bin.
//
// Do not change a number. What bumps kWireVersion: a new message, another order, kind or meaning of
// a field, another limit. A worker with another version is refused when it says `ready`.
namespace nasgi::wire {

inline constexpr uint32_t kWireVersion = 2;

enum class MessageType : uint8_t {
  // Both ways.
  kBody = 1,
  kCredit = 2,
  kMessage = 3,
  kClose = 4,
  // To the worker.
  kRequest = 16,
  kDisconnect = 17,
  kStop = 18,
  kPing = 19,
  kCancel = 20,
  kConnect = 21,
  // To Node.
  kReady = 32,
  kStartupFailed = 33,
  kResponse = 34,
  kAppError = 35,
  kClosed = 36,
  kPong = 37,
  kStopped = 38,
  kAccept = 39,
  kTrailers = 40,
  kFile = 41,
  kEarlyHint = 42,
  kPush = 43,
  kContinue = 44,
  // Control socket, to the fork server.
  kInit = 64,
  kFork = 65,
  kKill = 66,
  // Control socket, to Node.
  kServerReady = 80,
  kServerFailed = 81,
  kForked = 82,
  kExited = 83,
};

// Bytes of body in one frame, at most.
inline constexpr size_t kMaxChunk = 64 * 1024;
// Bytes of body that a stream may have under way in one direction before it waits for credit.
inline constexpr uint32_t kWindow = 256 * 1024;
// Consumed bytes that are gathered before credit is given back, so that it costs no frame a chunk.
inline constexpr uint32_t kCreditQuantum = kWindow / 4;
// What a WebSocket message counts in a window beside its bytes, so that many small ones cannot fill
// the memory of their receiver.
inline constexpr uint32_t kMessageOverhead = 64;
// The status of a final response.
inline constexpr uint32_t kMinStatus = 200;
inline constexpr uint32_t kMaxStatus = 999;
// Close codes of a WebSocket (RFC 6455, 7.4). The two below never appear in a close frame: they
// report how a connection ended.
inline constexpr uint32_t kMinCloseCode = 1000;
inline constexpr uint32_t kMaxCloseCode = 4999;
inline constexpr uint32_t kMinAppCloseCode = 3000;  // from here on up, applications may use a code
inline constexpr uint32_t kNormalClosure = 1000;
inline constexpr uint32_t kNoStatusReceived = 1005;  // the close frame carried no code
inline constexpr uint32_t kAbnormalClosure = 1006;   // the connection was lost
// RFC 6455, 5.5: a close frame holds 125 bytes, of which the code takes two.
inline constexpr size_t kMaxCloseReason = 123;
// Size of a request's or response's head, counted as HTTP/2 counts a header list (RFC 9113, 6.5.2):
// name + value + 32 bytes a header.
inline constexpr size_t kMaxHead = 64 * 1024;
inline constexpr size_t kHeaderOverhead = 32;
// Maximum length, in bytes of UTF-8, of each part of an error. The worker cuts longer parts.
inline constexpr size_t kMaxErrorType = 256;
inline constexpr size_t kMaxErrorMessage = 8 * 1024;
inline constexpr size_t kMaxTraceback = 36 * 1024;
// Maximum length, in bytes of UTF-8, of the JSON in Ready.
inline constexpr size_t kMaxReadyInfo = 8 * 1024;
// Bytes of a control message (settings, tracebacks).
inline constexpr size_t kMaxControl = 64 * 1024;

// The smallest ring: a record takes half a ring at most, and a head with its framing must fit.
inline constexpr uint32_t kMinRing = 256 * 1024;

}  // namespace nasgi::wire
