// Runs one of the hot loops of common/, for callgrind to count:
//
//   hot_loops LOOP COUNT
//   hot_loops --describe      prints the compiler and the names of the loops as JSON
//
// Both ends of a segment are in this one process, awake as under load. If a record does not arrive
// as it was sent, the program ends with an error, so that no loop becomes cheap by doing nothing.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "shm/endpoint.h"
#include "support/connection.h"
#include "wire/frame.h"
#include "wire/http_head.h"
#include "wire/messages.h"

namespace nasgi {
namespace {

using shm::Endpoint;

constexpr size_t kFramesADrain = 64;
// From this number on, all stream numbers are encoded in the same number of bytes.
constexpr uint32_t kFirstStream = 1000;

// Fields are joined by "\n", because a NUL followed by a digit would be an octal escape.
constexpr std::string_view kRequestHead =
    "GET\nhttp\n1.1\n/api/items/42\npage=2&sort=name\n127.0.0.1\n51234\n127.0.0.1\n8000\n\nth\n\n\n"
    "Host\nlocalhost:8000\n"
    "User-Agent\nMozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\n"
    "Accept\ntext/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\n"
    "Accept-Language\nen-US,en;q=0.5\n"
    "Accept-Encoding\ngzip, deflate, br, zstd\n"
    "Referer\nhttp://localhost:8000/api/items\n"
    "Cookie\nsession=0123456789abcdef0123456789abcdef; theme=dark\n"
    "Connection\nkeep-alive";

constexpr std::string_view kResponseHeaders =
    "content-type\napplication/json\n"
    "content-length\n28\n"
    "cache-control\nno-cache\n"
    "x-request-id\n5f1c9c1e-7a43-4a52-8a33-0a1a5f7f3c55";

constexpr std::string_view kJson = R"({"id": 42, "name": "a name"})";

std::string Joined(std::string_view lines) {
  std::string head(lines);
  std::ranges::replace(head, '\n', '\0');
  return head;
}

void Require(bool fact, const char* what) {
  if (fact) return;
  std::fprintf(stderr, "hot_loops: %s\n", what);
  std::exit(1);
}

class Loops {
 public:
  Loops() {
    node_->Wake();
    worker_->Wake();
  }

  // Copies the bytes first, as the addon copies them from JavaScript's string.
  void Request(uint32_t stream) {
    head_.resize(request_head_.size());
    std::memcpy(head_.data(), request_head_.data(), request_head_.size());
    const wire::HeadCheck check = wire::NormalizeRequestHead(head_);
    Require(check.fault == wire::HeadFault::kOk, "the request head was refused");
    const wire::Request got = Pass(*node_, *worker_, wire::Request{stream, head_, {}, true});
    Require(got.stream == stream && got.head.size() == head_.size() && got.end,
            "the request differs");
  }

  void Response(uint32_t stream) {
    const wire::Response got =
        Pass(*worker_, *node_, wire::Response{stream, 200, response_headers_, kJson, true});
    Require(got.stream == stream && got.headers.size() == response_headers_.size() &&
                got.body.size() == kJson.size() && got.end,
            "the response differs");
  }

  void Body(uint32_t stream) {
    const wire::Body got = Pass(*worker_, *node_, wire::Body{stream, chunk_, false});
    Require(got.stream == stream && got.bytes.size() == chunk_.size() && !got.end,
            "the body differs");
  }

  void Message(uint32_t stream) {
    const std::string_view text = std::string_view(chunk_).substr(0, 64);
    const wire::SocketMessage got =
        Pass(*node_, *worker_, wire::SocketMessage{stream, text, true, true});
    Require(got.stream == stream && got.bytes.size() == text.size() && got.text && got.end,
            "the message differs");
  }

  void Credit(uint32_t stream) {
    const wire::Credit got = Pass(*worker_, *node_, wire::Credit{stream, wire::kMaxChunk});
    Require(got.stream == stream && got.bytes == wire::kMaxChunk, "the credit differs");
  }

  // A wake-up without a record.
  void Turn(uint32_t /*stream*/) {
    worker_->Wake();
    const auto drained =
        worker_->Drain(kFramesADrain, [](std::span<const std::byte>) { return true; });
    Require(drained == Endpoint::Drained::kEmpty && worker_->Sleep(),
            "a record arrived that was not sent");
  }

 private:
  // Sends a message and returns what arrived. Its views stay valid until the next call, because
  // nobody else writes to the ring.
  template <class M>
  M Pass(Endpoint& from, Endpoint& to, const M& message) {
    const base::Status sent = from.Send(wire::FrameBound(message), [&](std::span<std::byte> room) {
      return wire::PackFrame(message, room);
    });
    Require(sent.ok() && from.backlog_bytes() == 0, "a frame was not sent");
    M got;
    int frames = 0;
    const auto drained = to.Drain(kFramesADrain, [&](std::span<const std::byte> bytes) {
      ++frames;
      return frame_.Parse(bytes) && frame_.Get(&got);
    });
    Require(drained == Endpoint::Drained::kEmpty && frames == 1, "a frame did not arrive");
    return got;
  }

  const test::Connection connection_{shm::kDefaultCapacity};
  const std::unique_ptr<Endpoint> node_ = connection_.Open(shm::Side::kNode);
  const std::unique_ptr<Endpoint> worker_ = connection_.Open(shm::Side::kWorker);
  const std::string request_head_ = Joined(kRequestHead);
  const std::string response_headers_ = Joined(kResponseHeaders);
  const std::string chunk_ = std::string(wire::kMaxChunk, 'x');
  std::string head_;
  wire::Frame frame_;
};

struct Loop {
  const char* name;
  void (Loops::*run)(uint32_t stream);
};

constexpr Loop kLoops[] = {{"request", &Loops::Request}, {"response", &Loops::Response},
                           {"body", &Loops::Body},       {"message", &Loops::Message},
                           {"credit", &Loops::Credit},   {"turn", &Loops::Turn}};

int Describe() {
#ifdef __clang__
  std::printf(R"({"compiler": "Clang %s", "loops": [)", __clang_version__);
#else
  std::printf(R"({"compiler": "GCC %s", "loops": [)", __VERSION__);
#endif
  for (const Loop& loop : kLoops) std::printf(R"(%s"%s")", &loop == kLoops ? "" : ", ", loop.name);
  std::puts("]}");
  return 0;
}

int Main(std::span<const char* const> args) {
  if (args.size() == 2 && std::string_view(args[1]) == "--describe") return Describe();
  Require(args.size() == 3, "usage: hot_loops LOOP COUNT, or hot_loops --describe");
  const std::string_view text = args[2];
  uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  Require(error == std::errc() && end == text.data() + text.size(), "COUNT is not a number");
  for (const Loop& loop : kLoops) {
    if (args[1] != std::string_view(loop.name)) continue;
    Loops loops;
    for (uint32_t i = 0; i < count; ++i) (loops.*loop.run)(kFirstStream + i);
    return 0;
  }
  Require(false, "unknown LOOP");
  return 1;
}

}  // namespace
}  // namespace nasgi

int main(int argc, char** argv) { return nasgi::Main({argv, static_cast<size_t>(argc)}); }
