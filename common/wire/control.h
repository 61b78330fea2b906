#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>

#include "wire/protocol.h"

// The messages of the control socket between Node and the fork server, one for each packet
// (SOCK_SEQPACKET). They are packed like those of the rings.
//
// Thread safety, lifetime and failure: as in messages.h.
namespace nasgi::wire {

inline constexpr int kControlFd = 3;   // in the fork server
inline constexpr int kLifelineFd = 4;  // in the fork server and its workers; EOF: Node is gone

// The exit code of a worker that has ended because the memory it is allowed is used up.
inline constexpr int kOutOfMemoryExit = 112;

// A record of Python's `logging` is one line of a worker's output: kRecordMark, the letter of its
// level, then its text, with kNewlineMark in place of each newline.
inline constexpr char kRecordMark[] = "\x1e";
inline constexpr char kNewlineMark[] = "\x1f";
inline constexpr char kLevelLetters[] = "DIWE";  // debug, info, warning, error

// The settings of the fork server; the first message.
struct Init {
  static constexpr MessageType kType = MessageType::kInit;
  uint32_t version = kWireVersion;
  std::string_view settings;  // JSON
  static auto Fields(auto& m) { return std::tie(m.version, m.settings); }
};

// Starts a worker. Travels with kForkFds descriptors, in the order of ForkFd.
struct Fork {
  static constexpr MessageType kType = MessageType::kFork;
  uint32_t worker = 0;
  static auto Fields(auto& m) { return std::tie(m.worker); }
};

enum ForkFd : uint8_t {
  kSegmentFd,
  kBellFd,   // the worker's end
  kFilesFd,  // the socket on which the worker passes files on (File in messages.h)
  kStdoutFd,
  kStderrFd,
  kForkFds
};

// Sends a signal to a worker.
struct Kill {
  static constexpr MessageType kType = MessageType::kKill;
  uint32_t worker = 0;
  uint32_t signal = 0;
  static auto Fields(auto& m) { return std::tie(m.worker, m.signal); }
};

// The fork server has imported what it preloads, and takes Fork from now on.
struct ServerReady {
  static constexpr MessageType kType = MessageType::kServerReady;
  std::string_view info;  // JSON
  static auto Fields(auto& m) { return std::tie(m.info); }
};

// The fork server cannot start; it exits next.
struct ServerFailed {
  static constexpr MessageType kType = MessageType::kServerFailed;
  std::string_view type;
  std::string_view message;
  std::string_view traceback;
  static auto Fields(auto& m) { return std::tie(m.type, m.message, m.traceback); }
};

// A worker runs.
struct Forked {
  static constexpr MessageType kType = MessageType::kForked;
  uint32_t worker = 0;
  uint32_t pid = 0;
  static auto Fields(auto& m) { return std::tie(m.worker, m.pid); }
};

// A worker has ended.
struct Exited {
  static constexpr MessageType kType = MessageType::kExited;
  uint32_t worker = 0;
  uint32_t pid = 0;
  uint32_t code = 0;    // meaningful only if signal is 0
  uint32_t signal = 0;  // 0: it exited by itself
  static auto Fields(auto& m) { return std::tie(m.worker, m.pid, m.code, m.signal); }
};

}  // namespace nasgi::wire
