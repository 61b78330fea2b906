#pragma once

#include <cstddef>
#include <cstdint>

// The numbers of the protocol between Node and a worker, and between Node and the fork server. C++
// uses them from here; JavaScript gets them from the addon, Python from _worker. messages.h and
// control.h declare the fields of each message, and the golden vectors in fixtures/frames/ fix
// their bytes.
//
// A frame is one flat msgpack array [type, field, field, …] of unsigned integers, booleans and bin
// values. A decoder also accepts str where it expects bin.
//
// Do not change a number without raising kWireVersion. A new message, another order, kind or
// meaning of a field, and another limit need that, too. Node refuses a worker of another version
// when it sends Ready.
//
// Constants only, so thread safety, lifetime and failure do not apply.
namespace nasgi::wire {

inline constexpr uint32_t kWireVersion = 5;

enum class MessageType : uint8_t {
  // In both directions.
  kBody = 1,
  kCredit = 2,
  kMessage = 3,
  kClose = 4,
  kPart = 5,
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
  // On the control socket, to the fork server.
  kInit = 64,
  kFork = 65,
  kKill = 66,
  // On the control socket, to Node.
  kServerReady = 80,
  kServerFailed = 81,
  kForked = 82,
  kExited = 83,
};

// Maximum number of body bytes in one frame.
inline constexpr size_t kMaxChunk = 64 * 1024;
// Body bytes that a stream may have in flight in one direction before it waits for credit.
inline constexpr uint32_t kWindow = 256 * 1024;
// Consumed bytes that a receiver collects before it gives credit, to save a frame for each chunk.
inline constexpr uint32_t kCreditQuantum = kWindow / 4;
// What the end of a WebSocket message adds to its bytes in a window, so that many small messages
// cannot fill the memory of their receiver.
inline constexpr uint32_t kMessageOverhead = 64;
// The status of a final response.
inline constexpr uint32_t kMinStatus = 200;
inline constexpr uint32_t kMaxStatus = 999;
// Close codes of a WebSocket (RFC 6455, 7.4). 1005 and 1006 never travel in a close frame; they
// report how a connection ended.
inline constexpr uint32_t kMinCloseCode = 1000;
inline constexpr uint32_t kMaxCloseCode = 4999;
inline constexpr uint32_t kMinAppCloseCode = 3000;  // applications may use the codes from here on
inline constexpr uint32_t kNormalClosure = 1000;
inline constexpr uint32_t kNoStatusReceived = 1005;  // the close frame carried no code
inline constexpr uint32_t kAbnormalClosure = 1006;   // the connection was lost
// A close frame holds 125 bytes, of which the code takes two (RFC 6455, 5.5).
inline constexpr size_t kMaxCloseReason = 123;
// Maximum size of the head of a request or response, counted as HTTP/2 counts a list of headers
// (RFC 9113, 6.5.2): name + value + 32 bytes for each.
inline constexpr size_t kMaxHead = 512 * 1024;
inline constexpr size_t kHeaderOverhead = 32;
// Maximum size of a frame, in bytes: a head, what else a message holds, and a chunk of a body.
inline constexpr size_t kMaxFrame = 2 * kMaxHead;
// Maximum length, in bytes of UTF-8, of each part of an error. The worker cuts longer parts.
inline constexpr size_t kMaxErrorType = 256;
inline constexpr size_t kMaxErrorMessage = 8 * 1024;
inline constexpr size_t kMaxTraceback = 36 * 1024;
// Maximum length, in bytes of UTF-8, of the JSON in Ready.
inline constexpr size_t kMaxReadyInfo = 8 * 1024;
// Maximum size of a control message, in bytes. It carries settings or a traceback.
inline constexpr size_t kMaxControl = 64 * 1024;

// Minimum size of a ring, in bytes. A record takes at most half of a ring, and the largest chunk
// and the largest error must fit with their framing; longer frames travel in parts. shm/layout.h
// has the default and the maximum.
inline constexpr uint32_t kMinRing = 256 * 1024;

}  // namespace nasgi::wire
