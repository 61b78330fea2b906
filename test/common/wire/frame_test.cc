#include "wire/frame.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "shm/layout.h"
#include "wire/control.h"
#include "wire/messages.h"

namespace nasgi::wire {
namespace {

template <class Message>
std::vector<std::byte> Pack(const Message& message) {
  std::vector<std::byte> bytes(FrameBound(message));
  bytes.resize(PackFrame(message, bytes));
  return bytes;
}

std::string Hex(const std::vector<std::byte>& bytes) {
  std::string hex;
  for (const std::byte byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[std::to_integer<size_t>(byte) >> 4U];
    hex += kDigits[std::to_integer<size_t>(byte) & 0xfU];
  }
  return hex;
}

std::vector<std::byte> Bytes(std::string_view text) {
  std::vector<std::byte> bytes;
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

using namespace std::string_view_literals;

constexpr std::string_view kHead =
    "GET\0http\0001.1\0/a\0q=1\000127.0.0.1\0001234\0localhost\00080\0/m\0t\0\0\0host\0x"sv;

// One of each message, the same as in fixtures/frames/v5.txt.
std::map<std::string, std::vector<std::byte>> Samples() {
  return {
      {"request", Pack(Request{7, kHead, "hello", true})},
      {"response", Pack(Response{7, 200, "content-type\0text/plain"sv, "hi", true})},
      {"body", Pack(Body{70000, "chunk", false})},
      {"credit", Pack(Credit{1, 65536})},
      {"disconnect", Pack(Disconnect{300})},
      {"cancel", Pack(Cancel{300})},
      {"trailers", Pack(Trailers{7, "x\0y"sv})},
      {"file", Pack(File{7, 200, "x\0y"sv})},
      {"early_hint", Pack(EarlyHint{7, "</a>; rel=preload"})},
      {"push", Pack(Push{7, "/a", "x\0y"sv})},
      {"continue", Pack(Continue{7})},
      {"connect", Pack(Connect{7, kHead})},
      {"accept", Pack(Accept{7, "chat", "x\0y"sv})},
      {"message", Pack(SocketMessage{7, "hello", true, true})},
      {"close", Pack(Close{7, 1000, "bye"})},
      {"app_error", Pack(AppError{2, "ValueError", "no", "Traceback …\n", true})},
      {"closed", Pack(Closed{4294967295})},
      {"ready", Pack(Ready{2, R"({"pid":1})"})},
      {"startup_failed", Pack(StartupFailed{"import", "ImportError", "m", "t"})},
      {"stop", Pack(Stop{1000})},
      {"stopped", Pack(Stopped{})},
      {"part", Pack(Part{"half", true})},
      {"ping", Pack(Ping{})},
      {"pong", Pack(Pong{})},
      {"init", Pack(Init{2, "{}"})},
      {"fork", Pack(Fork{3})},
      {"kill", Pack(Kill{3, 9})},
      {"server_ready", Pack(ServerReady{"{}"})},
      {"server_failed", Pack(ServerFailed{"ImportError", "m", "t"})},
      {"forked", Pack(Forked{3, 4711})},
      {"exited", Pack(Exited{3, 4711, 0, 11})},
  };
}

TEST(FrameTest, BytesAreThoseOfTheGoldenVectors) {
  std::ifstream file(NODE_ASGI_FRAMES);
  ASSERT_TRUE(file) << NODE_ASGI_FRAMES;
  std::map<std::string, std::string> golden;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::string name;
    words >> name >> golden[name];
  }
  const auto samples = Samples();
  EXPECT_EQ(golden.size(), samples.size());
  for (const auto& [name, bytes] : samples) {
    EXPECT_EQ(Hex(bytes), golden[name]) << name << " " << Hex(bytes);
  }
}

TEST(FrameTest, PackedMessagesAreParsed) {
  const std::string body(kMaxChunk, 'b');
  const auto bytes = Pack(Request{9, kHead, body, false});
  Frame frame;
  ASSERT_TRUE(frame.Parse(bytes));
  EXPECT_EQ(frame.type(), MessageType::kRequest);
  Request request;
  ASSERT_TRUE(frame.Get(&request));
  EXPECT_EQ(request.stream, 9U);
  EXPECT_EQ(request.head, kHead);
  EXPECT_EQ(request.body, body);
  EXPECT_FALSE(request.end);
  // Parsed in place, without a copy.
  EXPECT_GE(request.body.data(), reinterpret_cast<const char*>(bytes.data()));
  EXPECT_LT(request.body.data(), reinterpret_cast<const char*>(bytes.data() + bytes.size()));
}

TEST(FrameTest, TheLongestErrorFitsAControlMessage) {
  const std::string type(kMaxErrorType, 'x');
  const std::string message(kMaxErrorMessage, 'x');
  const std::string traceback(kMaxTraceback, 'x');
  EXPECT_LE(FrameBound(ServerFailed{type, message, traceback}), kMaxControl);
}

TEST(FrameTest, NoMessageIsLongerThanAFrame) {
  const std::string head(kMaxHead, 'x');
  const std::string path(kMaxHead / 2, 'x');
  const std::string chunk(kMaxChunk, 'x');
  EXPECT_LE(FrameBound(Request{1, head, chunk, false}), kMaxFrame);
  EXPECT_LE(FrameBound(Response{1, 200, head, chunk, false}), kMaxFrame);
  EXPECT_LE(FrameBound(Push{1, path, head}), kMaxFrame);
}

TEST(FrameTest, TheLargestFramesWithoutAHeadFitTheSmallestRing) {
  const size_t room = shm::MaxRecord(kMinRing);
  const std::string chunk(kMaxChunk, 'x');
  const std::string type(kMaxErrorType, 'x');
  const std::string message(kMaxErrorMessage, 'x');
  const std::string traceback(kMaxTraceback, 'x');
  EXPECT_LE(FrameBound(Part{chunk, true}), room);
  EXPECT_LE(FrameBound(Body{1, chunk, true}), room);
  EXPECT_LE(FrameBound(SocketMessage{1, chunk, true, true}), room);
  EXPECT_LE(FrameBound(AppError{1, type, message, traceback, true}), room);
}

TEST(FrameTest, AnotherMessageOfTheSameShapeIsRefused) {
  Frame frame;
  ASSERT_TRUE(frame.Parse(Pack(Disconnect{5})));
  Closed closed;
  EXPECT_FALSE(frame.Get(&closed));
}

TEST(FrameTest, HostileBytesAreRefused) {
  const struct {
    const char* what;
    std::string_view bytes;
  } table[] = {
      {"nothing", ""sv},
      {"not an array", "\x01"sv},
      {"an empty array", "\x90"sv},
      {"an array that ends early", "\x93\x01\x02"sv},
      {"bytes after the frame", "\x91\x12\x00"sv},
      {"a map", "\x81\x01\x02"sv},
      {"a nested array", "\x92\x01\x91\x01"sv},
      {"nil", "\x92\x01\xc0"sv},
      {"a negative integer", "\x92\x01\xff"sv},
      {"a float", "\x92\x01\xca\x00\x00\x00\x00"sv},
      {"an extension", "\x92\x01\xd4\x01\x00"sv},
      {"a type beyond a byte", "\x91\xcd\x01\x00"sv},
      {"a type that is not a number", "\x91\xc3"sv},
      {"too many fields", "\x9b\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"sv},
      {"an array of 2^32 - 1 elements", "\xdd\xff\xff\xff\xff\x01"sv},
      {"a bin longer than the frame", "\x92\x01\xc6\xff\xff\xff\xff\x00"sv},
      {"the unused byte 0xc1", "\x92\x01\xc1"sv},
  };
  for (const auto& [what, bytes] : table) {
    Frame frame;
    EXPECT_FALSE(frame.Parse(Bytes(bytes))) << what;
  }
}

TEST(FrameTest, FieldsOfTheWrongKindNumberOrRangeAreRefused) {
  const struct {
    const char* what;
    std::string_view bytes;
  } table[] = {
      {"a field too few", "\x92\x02\x01"sv},
      {"a field too many", "\x94\x02\x01\x01\x01"sv},
      {"bytes for a number", "\x93\x02\x01\xc4\x01x"sv},
      {"a boolean for a number", "\x93\x02\x01\xc3"sv},
      {"a number beyond 32 bits", "\x93\x02\x01\xcf\x00\x00\x00\x01\x00\x00\x00\x00"sv},
  };
  for (const auto& [what, bytes] : table) {
    Frame frame;
    ASSERT_TRUE(frame.Parse(Bytes(bytes))) << what;
    Credit credit;
    EXPECT_FALSE(frame.Get(&credit)) << what;
  }
}

// Whatever the bytes are, parsing neither crashes nor reads outside of them, which the sanitizers
// check, and every view lies within them.
TEST(FrameTest, RandomDamageNeverLeadsOutsideTheFrame) {
  std::minstd_rand random(20240607);  // NOLINT(*-msc51-cpp): repeatable
  for (const auto& [name, sample] : Samples()) {
    for (int round = 0; round < 500; ++round) {
      auto bytes = std::make_unique<std::byte[]>(sample.size());
      std::copy(sample.begin(), sample.end(), bytes.get());
      for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
        bytes[random() % sample.size()] = static_cast<std::byte>(random());
      }
      const size_t size = 1 + random() % sample.size();
      Frame frame;
      if (!frame.Parse({bytes.get(), size})) continue;
      Response response;
      if (!frame.Get(&response)) continue;
      const char* begin = reinterpret_cast<const char*>(bytes.get());
      for (const std::string_view view : {response.headers, response.body}) {
        if (view.empty()) continue;
        EXPECT_GE(view.data(), begin);
        EXPECT_LE(view.data() + view.size(), begin + size);
      }
    }
  }
}

}  // namespace
}  // namespace nasgi::wire
