// Streams: a worker sends any frames in any order, while Node opens and aborts streams. What gets
// through must be what JavaScript can take.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd_passing.h"
#include "fake_node_api.h"
#include "fuzz.h"
#include "streams.h"
#include "wire/close_code.h"
#include "wire/http_head.h"
#include "wire/parts.h"
#include "wire/utf8.h"

namespace nasgi::fuzz {
namespace {

using addon::EventArray;
using addon::EventType;

class Session {
 public:
  explicit Session(FuzzedDataProvider* input) : input_(*input) {
    streams_.set_files(sockets_.taker.get());
  }

  void Run() {
    while (input_.remaining_bytes() > 0) {
      EventArray events(nullptr, nullptr);
      const bool goes_on = Step(&events);
      CheckEvents(&events);
      streams_.DropFiles(events);
      ForgetValues();
      if (goes_on) continue;
      Require(!streams_.fault().empty(), "a frame is refused without a reason");
      return;
    }
  }

 private:
  static constexpr size_t kMostStreams = 6;

  // False: the frame is refused.
  bool Step(EventArray* events) {
    switch (input_.ConsumeIntegralInRange(0, 8)) {
      case 0:
        if (ends_.size() < kMostStreams) ends_[streams_.Open(input_.ConsumeBool())] = 0;
        return true;
      case 1:
        if (addon::Stream* stream = streams_.Find(AnyStream())) stream->aborted = true;
        return true;
      case 2:
        if (addon::Stream* stream = streams_.Find(AnyStream())) {
          (void)stream->receive.Consume(input_.ConsumeIntegral<uint16_t>());
        }
        return true;
      case 3:
        if (addon::Stream* stream = streams_.Find(AnyStream())) {
          stream->send.Spend(std::min<size_t>(stream->send.available(), 1000));
        }
        return true;
      case 4:
        (void)base::PassFd(sockets_.passer.get(), AnyStream(), sockets_.passer.get());
        return true;
      case 5:
        (void)streams_.TakeFile(AnyStream());
        return true;
      case 6:
        return streams_.OnFrame(Copy(input_.ConsumeRandomLengthString(200)), events);
      default:
        return SendMessage(events);
    }
  }

  uint32_t AnyStream() { return input_.ConsumeIntegralInRange<uint32_t>(0, kMostStreams + 1); }
  std::string_view Text() { return texts_.emplace_back(input_.ConsumeRandomLengthString(150)); }

  template <class Message>
  bool Send(const Message& message, EventArray* events) {
    std::vector<std::byte> packed(wire::FrameBound(message));
    packed.resize(wire::PackFrame(message, packed));
    packed.shrink_to_fit();
    return streams_.OnFrame(packed, events);
  }

  bool SendMessage(EventArray* events) {
    texts_.clear();
    texts_.reserve(4);
    const uint32_t id = AnyStream();
    switch (input_.ConsumeIntegralInRange(0, 14)) {
      case 0: {
        const auto headers = Text();
        return Send(wire::Response{id, Status(), headers, Text(), input_.ConsumeBool()}, events);
      }
      case 1:
        return Send(wire::Body{id, Text(), input_.ConsumeBool()}, events);
      case 2:
        return Send(wire::Credit{id, input_.ConsumeIntegral<uint16_t>()}, events);
      case 3:
        return Send(wire::Trailers{id, Text()}, events);
      case 4:
        return Send(wire::File{id, Status(), Text()}, events);
      case 5:
        return Send(wire::EarlyHint{id, Text()}, events);
      case 6: {
        const auto path = Text();
        return Send(wire::Push{id, path, Text()}, events);
      }
      case 7:
        return Send(wire::Continue{id}, events);
      case 8: {
        const auto subprotocol = Text();
        return Send(wire::Accept{id, subprotocol, Text()}, events);
      }
      case 9: {
        const auto bytes = Text();
        return Send(wire::SocketMessage{id, bytes, input_.ConsumeBool(), input_.ConsumeBool()},
                    events);
      }
      case 10:
        return Send(wire::Close{id, input_.ConsumeIntegralInRange<uint32_t>(990, 5010), Text()},
                    events);
      case 11: {
        const auto type = Text();
        return Send(wire::AppError{id, type, Text(), {}, input_.ConsumeBool()}, events);
      }
      case 12:
        return Send(wire::Closed{id}, events);
      case 13:
        return Send(wire::Part{Text(), input_.ConsumeBool()}, events);
      default:
        return Send(wire::Pong{}, events);
    }
  }

  uint32_t Status() { return input_.ConsumeIntegralInRange<uint32_t>(150, 1050); }

  void CheckEvents(EventArray* events) {
    const auto slots = events->Arguments();
    for (size_t i = 1; i < slots.size(); i += EventArray::kStride) {
      const auto at = [&](size_t slot) -> const FakeValue& {
        return *reinterpret_cast<const FakeValue*>(slots[i + slot]);
      };
      CheckEvent(static_cast<EventType>(at(0).number), at(1).number, at(2), at(3), at(5));
    }
  }

  void CheckEvent(EventType type, uint32_t id, const FakeValue& first, const FakeValue& second,
                  const FakeValue& last) {
    bool end = false;
    switch (type) {
      case EventType::kResponseStart:
        Require(first.number >= 200 && first.number <= 999, "a status is not one of HTTP");
        Require(wire::IsHeaderList(second.text), "headers are not valid");
        end = last.number != 0;
        break;
      case EventType::kBody:
        end = last.number != 0;
        break;
      case EventType::kFile:
        Require(wire::IsHeaderList(second.text), "headers are not valid");
        end = true;
        break;
      case EventType::kTrailers:
        Require(wire::IsHeaderList(first.text), "trailers are not valid");
        end = true;
        break;
      case EventType::kPush:
        Require(first.text.starts_with('/') && wire::IsRequestTarget(first.text),
                "a path is not valid");
        Require(wire::IsHeaderList(second.text), "headers are not valid");
        break;
      case EventType::kAccept:
        Require(first.text.empty() || wire::IsToken(first.text), "a subprotocol is not valid");
        Require(wire::IsHeaderList(second.text), "headers are not valid");
        break;
      case EventType::kEarlyHint:
        Require(wire::IsValueList(first.text), "links are not valid");
        break;
      case EventType::kClose:
        Require(wire::IsCloseCode(first.number), "a close code is not valid");
        Require(second.text.size() <= wire::kMaxCloseReason && wire::IsUtf8(second.text),
                "a reason is not valid");
        end = true;
        break;
      case EventType::kAppError:
      case EventType::kClosed:
        end = true;
        break;
      default:
        break;
    }
    if (id == 0) return;
    Require(ends_.contains(id), "an event is about a stream that was never open");
    Require(ends_[id] == 0, "an event comes after the end of its stream");
    if (!end) return;
    ++ends_[id];
    Require(streams_.Find(id) == nullptr, "a stream that has ended is open");
  }

  FuzzedDataProvider& input_;
  const base::FdSockets sockets_ = base::MakeFdSockets().value();
  addon::Streams streams_;
  std::vector<std::string> texts_;
  std::map<uint32_t, int> ends_;  // of each stream that was opened
};

}  // namespace
}  // namespace nasgi::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  nasgi::fuzz::Session(&input).Run();
  return 0;
}
