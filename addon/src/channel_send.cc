// What JavaScript sends to the worker through a Channel.
#include <algorithm>
#include <string>

#include "channel.h"
#include "errors.h"
#include "js.h"
#include "wire/http_head.h"
#include "wire/parts.h"
#include "wire/utf8.h"

namespace nasgi::addon {

namespace {

[[gnu::cold]] void ThrowHeadFault(Napi::Env env, const wire::HeadCheck& check) {
  const std::string where(check.where);
  switch (check.fault) {
    case wire::HeadFault::kMethod:
      return ThrowCoded(env, "ERR_INVALID_METHOD", "'" + where + "' is not a valid HTTP method");
    case wire::HeadFault::kUrl:
      return ThrowCoded(env, "ERR_INVALID_URL",
                        "the URL contains a space or a control character; percent-encode it");
    case wire::HeadFault::kHeaderName:
      return ThrowCoded(env, "ERR_INVALID_HEADER",
                        "'" + where + "' is not a valid HTTP header name");
    case wire::HeadFault::kHeaderValue:
      return ThrowCoded(env, "ERR_INVALID_HEADER",
                        "the value of the header '" + where + "' contains a control character");
    case wire::HeadFault::kSize:
      return ThrowCoded(env, "ERR_HEADERS_TOO_LARGE",
                        "the URL and the headers exceed " + std::to_string(wire::kMaxHead) +
                            " bytes, counting " + std::to_string(wire::kHeaderOverhead) +
                            " more for each header");
    default:
      return ThrowCoded(env, "ERR_INVALID_HEADER",
                        "the method, the URL or a header contains a NUL character");
  }
}

[[gnu::cold]] void ThrowHeadTooLong(Napi::Env env, size_t size, size_t limit) {
  ThrowCoded(env, "ERR_HEADERS_TOO_LARGE",
             "the head of the request takes " + std::to_string(size) + " bytes; the limit is " +
                 std::to_string(limit));
}

[[gnu::cold]] void ThrowChunkTooLong(Napi::Env env, size_t size) {
  ThrowCoded(env, "ERR_INVALID_BODY",
             "the first chunk of the body has " + std::to_string(size) + " bytes; the limit is " +
                 std::to_string(wire::kMaxChunk));
}

// How many bytes of a body or message the channel took.
Napi::Value Taken(Napi::Env env, size_t bytes) {
  return Napi::Number::New(env, static_cast<double>(bytes));
}

}  // namespace

bool Channel::CheckOpen() const {
  if (endpoint_ != nullptr) return true;
  ThrowClosed(Env(), "channel");
  return false;
}

Stream* Channel::LiveStream(uint32_t id) {
  Stream* stream = endpoint_ != nullptr ? streams_.Find(id) : nullptr;
  return stream != nullptr && !stream->aborted ? stream : nullptr;
}

template <class Message>
void Channel::SendFrame(const Message& message, shm::Bell bell) {
  if (wire::FrameBound(message) > endpoint_->max_record()) {  // a large head
    return wire::SendParts(message, endpoint_->max_record(),
                           [this, bell](const wire::Part& part) { SendFrame(part, bell); });
  }
  const base::Status sent = endpoint_->Send(
      wire::FrameBound(message),
      [&message](std::span<std::byte> room) { return wire::PackFrame(message, room); }, bell);
  // The callers keep to the limits, so only a broken ring refuses a frame: the next drain reports
  // it.
  if (!sent.ok()) watcher_.CallBackSoon();
  if (endpoint_->holds_bell()) turn_end_.Expect();
}

bool Channel::ReadHead(Napi::Value value) {
  if (!value.IsString()) {
    ThrowTypeError(value.Env(), "head must be a string");
    return false;
  }
  // One call is enough for nearly every head. One that fills the room to the last byte (Node writes
  // a NUL, too) may be longer.
  size_t size = 0;
  napi_get_value_string_latin1(value.Env(), value, head_room_.data(), head_room_.size(), &size);
  if (size + 1 == head_room_.size()) {
    napi_get_value_string_latin1(value.Env(), value, nullptr, 0, &size);
    head_room_.resize(std::max(size + 2, head_room_.size()));
    napi_get_value_string_latin1(value.Env(), value, head_room_.data(), head_room_.size(), &size);
  }
  const std::span<char> head(head_room_.data(), size);
  head_ = {head.data(), head.size()};
  const wire::HeadCheck check = wire::NormalizeRequestHead(head);
  if (check.fault != wire::HeadFault::kOk) {
    ThrowHeadFault(value.Env(), check);
    return false;
  }
  // The check does not count the method, the addresses and the JSON of TLS.
  constexpr size_t kRoom = wire::kMaxFrame - wire::kMaxChunk;
  if (wire::FrameBound(wire::Request{0, head_, {}, false}) > kRoom) {
    ThrowHeadTooLong(value.Env(), size, kRoom);
    return false;
  }
  return true;
}

bool Channel::DefineRequest(Napi::Object self) {
  napi_value function = nullptr;
  if (napi_create_function(self.Env(), "request", NAPI_AUTO_LENGTH, OnRequest, this, &function) !=
      napi_ok) {
    return false;
  }
  // The function holds a bare pointer to this object, so it also keeps the object alive.
  return Napi::Function(self.Env(), function).Set("channel", self) && self.Set("request", function);
}

napi_value Channel::OnRequest(napi_env env, napi_callback_info info) {
  std::array<napi_value, 3> arguments{};
  size_t count = arguments.size();
  void* channel = nullptr;
  napi_get_cb_info(env, info, &count, arguments.data(), nullptr, &channel);
  const auto [head, bytes, end] = arguments;
  return static_cast<Channel*>(channel)->Request({env, head}, {env, bytes}, {env, end});
}

Napi::Value Channel::Request(Napi::Value head, Napi::Value bytes, Napi::Value ends) {
  std::string_view body;
  if (!CheckOpen() || !ReadHead(head) || (!bytes.IsUndefined() && !BytesOf(bytes, &body))) {
    return {};
  }
  if (body.size() > wire::kMaxChunk) {
    ThrowChunkTooLong(Env(), body.size());
    return {};
  }
  const bool end = ends.ToBoolean();
  const uint32_t id = streams_.Open(false);
  Stream* stream = streams_.Find(id);
  stream->send.Spend(body.size());
  stream->request_ended = end;
  SendFrame(wire::Request{id, head_, body, end});
  return Napi::Number::New(Env(), id);
}

Napi::Value Channel::Connect(const Napi::CallbackInfo& info) {
  if (!CheckOpen() || !ReadHead(info[0])) return {};
  const uint32_t id = streams_.Open(true);
  SendFrame(wire::Connect{id, head_});
  return Napi::Number::New(info.Env(), id);
}

Napi::Value Channel::SendMessage(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string_view bytes;
  if (!BytesOf(info[1], &bytes)) return {};
  const uint32_t id = Uint32(info[0]);
  Stream* stream = LiveStream(id);
  if (stream == nullptr || !stream->accepted) return Taken(env, bytes.size());
  const bool text = info[2].ToBoolean();
  size_t sent = 0;
  while (true) {
    const wire::Piece piece = wire::NextPiece(bytes.size() - sent, stream->send);
    streams_.SetBlocked(stream, piece.blocked());
    if (piece.blocked()) break;
    stream->send.Spend(piece.cost());
    // Many sockets may send one message each in a turn of the loop. Holding the bell until the turn
    // ends gives 1.15 times the messages where cores are scarce, because each wake-up takes a core
    // from another process.
    SendFrame(wire::SocketMessage{id, bytes.substr(sent, piece.size), text, piece.end},
              shm::Bell::kHeld);
    sent += piece.size;
    if (piece.end) return Taken(env, sent);
  }
  return bytes.empty() ? Napi::Number::New(env, -1) : Taken(env, sent);
}

Napi::Value Channel::CloseSocket(const Napi::CallbackInfo& info) {
  const uint32_t id = Uint32(info[0]);
  Stream* stream = LiveStream(id);
  if (stream == nullptr || !stream->websocket) return {};
  stream->aborted = true;
  streams_.SetBlocked(stream, false);
  const std::string reason = info[2].ToString();
  SendFrame(wire::Close{id, Uint32(info[1]), wire::CutUtf8(reason, wire::kMaxCloseReason)});
  return {};
}

Napi::Value Channel::Write(const Napi::CallbackInfo& info) {
  std::string_view bytes;
  if (!BytesOf(info[1], &bytes)) return {};
  const uint32_t id = Uint32(info[0]);
  Stream* stream = LiveStream(id);
  if (stream == nullptr || stream->request_ended) return Taken(info.Env(), bytes.size());
  const bool end = info[2].ToBoolean();
  size_t sent = 0;
  do {
    const size_t size = std::min({bytes.size() - sent, wire::kMaxChunk, stream->send.available()});
    const bool last = end && sent + size == bytes.size();
    if (size == 0 && !last) break;
    stream->send.Spend(size);
    stream->request_ended = last;
    SendFrame(wire::Body{id, bytes.substr(sent, size), last});
    sent += size;
  } while (sent < bytes.size());
  streams_.SetBlocked(stream, sent < bytes.size());
  return Taken(info.Env(), sent);
}

Napi::Value Channel::Consumed(const Napi::CallbackInfo& info) {
  const uint32_t id = Uint32(info[0]);
  Stream* stream = LiveStream(id);
  if (stream == nullptr) return {};
  const uint32_t credit = stream->receive.Consume(Uint32(info[1]));
  if (credit > 0) SendFrame(wire::Credit{id, credit});
  return {};
}

Napi::Value Channel::Abort(const Napi::CallbackInfo& info) {
  const uint32_t id = Uint32(info[0]);
  Stream* stream = LiveStream(id);
  if (stream == nullptr) return {};
  stream->aborted = true;
  streams_.SetBlocked(stream, false);
  SendFrame(wire::Disconnect{id});
  return {};
}

Napi::Value Channel::Cancel(const Napi::CallbackInfo& info) {
  const uint32_t id = Uint32(info[0]);
  // Not LiveStream: a cancellation follows an abort.
  if (endpoint_ != nullptr && streams_.Find(id) != nullptr) SendFrame(wire::Cancel{id});
  return {};
}

Napi::Value Channel::Stop(const Napi::CallbackInfo& info) {
  if (endpoint_ != nullptr) SendFrame(wire::Stop{Uint32(info[0])});
  return {};
}

Napi::Value Channel::Ping(const Napi::CallbackInfo& /*info*/) {
  if (endpoint_ != nullptr) SendFrame(wire::Ping{});
  return {};
}

}  // namespace nasgi::addon
