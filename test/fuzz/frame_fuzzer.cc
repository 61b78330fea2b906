// Frame: whatever the bytes are, it refuses them or reads what packing them again gives.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "fuzz.h"
#include "wire/control.h"
#include "wire/frame.h"
#include "wire/messages.h"

namespace nasgi::fuzz {
namespace {

template <class Message>
void Check(const wire::Frame& frame) {
  Message message;
  if (!frame.Get(&message)) return;
  std::vector<std::byte> packed(wire::FrameBound(message));
  packed.resize(wire::PackFrame(message, packed));
  wire::Frame again;
  Require(again.Parse(packed), "a packed frame is not valid");
  Message same;
  Require(again.Get(&same), "a packed frame is another message");
  Require(Message::Fields(message) == Message::Fields(same), "a packed frame has other fields");
}

template <class... Messages>
void CheckAll(const wire::Frame& frame) {
  (Check<Messages>(frame), ...);
}

}  // namespace
}  // namespace nasgi::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nasgi;  // NOLINT(google-build-using-namespace)
  const std::vector<std::byte> bytes =
      fuzz::Copy(std::string_view(reinterpret_cast<const char*>(data), size));
  wire::Frame frame;
  if (!frame.Parse(bytes)) return 0;
  fuzz::CheckAll<wire::Request, wire::Response, wire::Body, wire::Credit, wire::Disconnect,
                 wire::Cancel, wire::Trailers, wire::File, wire::EarlyHint, wire::Push,
                 wire::Continue, wire::Connect, wire::Accept, wire::SocketMessage, wire::Close,
                 wire::AppError, wire::Closed, wire::Ready, wire::StartupFailed, wire::Stop,
                 wire::Part, wire::Stopped, wire::Ping, wire::Pong, wire::Init, wire::Fork,
                 wire::Kill, wire::ServerReady, wire::ServerFailed, wire::Forked, wire::Exited>(
      frame);
  return 0;
}
