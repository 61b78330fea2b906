#include "streams.h"

#include <utility>
#include <vector>

#include "base/fd_passing.h"
#include "js.h"
#include "wire/close_code.h"
#include "wire/http_head.h"
#include "wire/utf8.h"

namespace nasgi::addon {

namespace {

constexpr std::string_view kIsWebSocket = ", which is a WebSocket";
constexpr std::string_view kIsNotWebSocket = ", which is not a WebSocket";

napi_value Array(napi_env env, std::initializer_list<napi_value> values) {
  napi_value array = nullptr;
  napi_create_array_with_length(env, values.size(), &array);
  uint32_t index = 0;
  for (napi_value value : values) napi_set_element(env, array, index++, value);
  return array;
}

std::string TypeNumber(wire::MessageType type) {
  return std::to_string(static_cast<uint32_t>(type));
}

std::string Range(uint32_t min, uint32_t max) {
  return std::to_string(min) + " to " + std::to_string(max);
}

}  // namespace

uint32_t Streams::Open(bool websocket) {
  do {
    ++last_;
  } while (last_ == 0 || streams_.contains(last_));
  streams_.emplace(last_, Stream()).first->second.websocket = websocket;
  return last_;
}

Stream* Streams::Find(uint32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

void Streams::SetBlocked(Stream* stream, bool blocked) {
  if (std::exchange(stream->blocked, blocked) == blocked) return;
  blocked ? ++blocked_ : --blocked_;
}

// --- checks ---------------------------------------------------------------------------------

bool Streams::Fault(std::string clause) {
  fault_ = std::move(clause);
  return false;
}

bool Streams::Fault(std::string_view what, uint32_t id, std::string_view why) {
  return Fault("it sent " + std::string(what) + " on stream " + std::to_string(id) +
               std::string(why));
}

Stream* Streams::FindFor(std::string_view what, uint32_t id) {
  Stream* stream = Find(id);
  if (stream == nullptr) (void)Fault(what, id, ", which is not open");
  return stream;
}

Stream* Streams::FindBeforeResponse(std::string_view what, uint32_t id) {
  Stream* stream = FindFor(what, id);
  if (stream == nullptr) return nullptr;
  if (stream->websocket) {
    (void)Fault(what, id, kIsWebSocket);
    return nullptr;
  }
  if (stream->response_started) {
    (void)Fault(what, id, " after its response");
    return nullptr;
  }
  return stream;
}

bool Streams::CheckStatus(uint32_t id, uint32_t status) {
  if (status >= wire::kMinStatus && status <= wire::kMaxStatus) return true;
  return Fault("a response with status " + std::to_string(status), id,
               "; the range is " + Range(wire::kMinStatus, wire::kMaxStatus));
}

bool Streams::CheckHeaders(std::string_view what, uint32_t id, std::string_view headers) {
  if (headers == valid_headers_) return true;
  if (!wire::IsHeaderList(headers)) {
    return Fault(what, id, " with headers that are not valid in HTTP");
  }
  valid_headers_ = headers;
  return true;
}

bool Streams::Receive(Stream* stream, uint32_t id, size_t bytes) {
  if (stream->receive.Receive(bytes)) return true;
  return Fault("more bytes", id,
               " than its flow-control window of " + std::to_string(wire::kWindow) + " allows");
}

bool Streams::Settle(Stream* stream, uint32_t id, bool end, EventArray* events) {
  const bool aborted = stream->aborted;
  if (end) {
    SetBlocked(stream, false);
    streams_.erase(id);
  }
  if (aborted && end) events->Add(EventType::kClosed, id);
  return !aborted;
}

// --- frames ---------------------------------------------------------------------------------

template <class Message>
bool Streams::Take(EventArray* events) {
  Message message;
  if (frame_.Get(&message)) return On(message, events);
  return Fault("it sent a frame of type " + TypeNumber(Message::kType) + " with the wrong fields");
}

bool Streams::OnFrame(std::span<const std::byte> bytes, EventArray* events) {
  if (!frame_.Parse(bytes)) return Fault("it sent a record that is not a frame");
  if (frame_.type() == wire::MessageType::kPart) return OnPart(events);
  if (joiner_.joining()) {
    return Fault("it sent a frame of type " + TypeNumber(frame_.type()) +
                 " before the last part of another");
  }
  return OnParsed(events);
}

bool Streams::OnPart(EventArray* events) {
  wire::Part part;
  if (!frame_.Get(&part) || !joiner_.Take(part)) {
    return Fault("it sent parts of a frame that are invalid or exceed " +
                 std::to_string(wire::kMaxFrame) + " bytes");
  }
  if (!part.end) return true;
  const std::vector<std::byte> whole = joiner_.Release();
  if (!frame_.Parse(whole)) return Fault("it sent parts that are not a frame");
  return OnParsed(events);
}

bool Streams::OnParsed(EventArray* events) {
  switch (frame_.type()) {
    case wire::MessageType::kResponse:
      return Take<wire::Response>(events);
    case wire::MessageType::kBody:
      return Take<wire::Body>(events);
    case wire::MessageType::kCredit:
      return Take<wire::Credit>(events);
    case wire::MessageType::kTrailers:
      return Take<wire::Trailers>(events);
    case wire::MessageType::kFile:
      return Take<wire::File>(events);
    case wire::MessageType::kEarlyHint:
      return Take<wire::EarlyHint>(events);
    case wire::MessageType::kPush:
      return Take<wire::Push>(events);
    case wire::MessageType::kContinue:
      return Take<wire::Continue>(events);
    case wire::MessageType::kAccept:
      return Take<wire::Accept>(events);
    case wire::MessageType::kMessage:
      return Take<wire::SocketMessage>(events);
    case wire::MessageType::kClose:
      return Take<wire::Close>(events);
    case wire::MessageType::kAppError:
      return Take<wire::AppError>(events);
    case wire::MessageType::kClosed:
      return Take<wire::Closed>(events);
    case wire::MessageType::kReady:
      return Take<wire::Ready>(events);
    case wire::MessageType::kStartupFailed:
      return Take<wire::StartupFailed>(events);
    case wire::MessageType::kStopped:
      return Take<wire::Stopped>(events);
    case wire::MessageType::kPong:
      return Take<wire::Pong>(events);
    default:
      return Fault("it sent a frame of type " + TypeNumber(frame_.type()) +
                   ", which Node does not accept");
  }
}

bool Streams::On(const wire::Response& response, EventArray* events) {
  const uint32_t id = response.stream;
  Stream* stream = FindFor("a response", id);
  if (stream == nullptr) return false;
  if (stream->response_started) return Fault("a second response", id, "");
  if (stream->accepted) return Fault("a response", id, ", whose WebSocket it has accepted");
  if (!CheckStatus(id, response.status) || !CheckHeaders("a response", id, response.headers) ||
      !Receive(stream, id, response.body.size())) {
    return false;
  }
  stream->response_started = true;
  if (!Settle(stream, id, response.end, events)) return true;
  napi_env env = events->env();
  events->Add(EventType::kResponseStart, id,
              {Number(env, response.status), events->Headers(response.headers),
               events->Bytes(response.body), Boolean(env, response.end)});
  return true;
}

bool Streams::On(const wire::Body& body, EventArray* events) {
  const uint32_t id = body.stream;
  Stream* stream = FindFor("a body", id);
  if (stream == nullptr) return false;
  if (!stream->response_started) return Fault("a body", id, " before its response");
  if (!Receive(stream, id, body.bytes.size())) return false;
  if (!Settle(stream, id, body.end, events)) return true;
  napi_env env = events->env();
  events->Add(EventType::kBody, id,
              {events->Undefined(), events->Undefined(), events->Bytes(body.bytes),
               Boolean(env, body.end)});
  return true;
}

bool Streams::On(const wire::Credit& credit, EventArray* events) {
  const uint32_t id = credit.stream;
  Stream* stream = FindFor("credit", id);
  if (stream == nullptr) return false;
  if (!stream->send.Open(credit.bytes)) {
    return Fault("credit", id, " for bytes that it never received");
  }
  if (stream->blocked) {
    SetBlocked(stream, false);
    events->Add(EventType::kCredit, id,
                {Number(events->env(), static_cast<uint32_t>(stream->send.available()))});
  }
  return true;
}

bool Streams::On(const wire::Trailers& trailers, EventArray* events) {
  const uint32_t id = trailers.stream;
  Stream* stream = FindFor("trailers", id);
  if (stream == nullptr) return false;
  if (stream->websocket) return Fault("trailers", id, kIsWebSocket);
  if (!stream->response_started) return Fault("trailers", id, " before its response");
  if (!CheckHeaders("trailers", id, trailers.headers)) return false;
  if (Settle(stream, id, true, events)) {
    events->Add(EventType::kTrailers, id, {Latin1(events->env(), trailers.headers)});
  }
  return true;
}

bool Streams::On(const wire::File& file, EventArray* events) {
  const uint32_t id = file.stream;
  Stream* stream = FindBeforeResponse("a file", id);
  if (stream == nullptr || !CheckStatus(id, file.status) ||
      !CheckHeaders("a file", id, file.headers)) {
    return false;
  }
  base::Result<base::PassedFd> passed = base::TakeFd(files_);
  if (!passed.ok() || passed.value().number != id) {
    return Fault("a file", id, " without its descriptor");
  }
  if (Settle(stream, id, true, events)) {
    napi_env env = events->env();
    waiting_files_[id] = std::move(passed.value().fd);
    events->AddFile(id, {Number(env, file.status), Latin1(env, file.headers)});
  }
  return true;
}

base::UniqueFd Streams::TakeFile(uint32_t id) {
  const auto found = waiting_files_.find(id);
  if (found == waiting_files_.end()) return {};
  base::UniqueFd fd = std::move(found->second);
  waiting_files_.erase(found);
  return fd;
}

void Streams::DropFiles(const EventArray& events) {
  for (const uint32_t id : events.files()) waiting_files_.erase(id);
}

bool Streams::On(const wire::EarlyHint& hint, EventArray* events) {
  Stream* stream = FindBeforeResponse("an early hint", hint.stream);
  if (stream == nullptr) return false;
  const size_t cost = wire::HintCost(hint.links.size());
  if (!Receive(stream, hint.stream, cost)) return false;
  if (!wire::IsValueList(hint.links)) {
    return Fault("an early hint", hint.stream, " with links that are not valid in HTTP");
  }
  if (!stream->aborted) {
    napi_env env = events->env();
    events->Add(EventType::kEarlyHint, hint.stream,
                {Latin1(env, hint.links), Number(env, static_cast<uint32_t>(cost))});
  }
  return true;
}

bool Streams::On(const wire::Push& push, EventArray* events) {
  const Stream* stream = FindFor("a push", push.stream);
  if (stream == nullptr) return false;
  if (stream->websocket) return Fault("a push", push.stream, kIsWebSocket);
  if (!push.path.starts_with('/') || !wire::IsRequestTarget(push.path)) {
    return Fault("a push", push.stream, " with a path that is not valid in HTTP");
  }
  if (!CheckHeaders("a push", push.stream, push.headers)) return false;
  if (!stream->aborted) {
    napi_env env = events->env();
    events->Add(EventType::kPush, push.stream, {Latin1(env, push.path), Latin1(env, push.headers)});
  }
  return true;
}

bool Streams::On(const wire::Continue& wanted, EventArray* events) {
  const Stream* stream = FindBeforeResponse("a request to continue", wanted.stream);
  if (stream == nullptr) return false;
  if (!stream->aborted) events->Add(EventType::kContinue, wanted.stream);
  return true;
}

bool Streams::On(const wire::Accept& accept, EventArray* events) {
  const uint32_t id = accept.stream;
  Stream* stream = FindFor("an accept", id);
  if (stream == nullptr) return false;
  if (!stream->websocket) return Fault("an accept", id, kIsNotWebSocket);
  if (stream->accepted) return Fault("a second accept", id, "");
  if (stream->response_started) return Fault("an accept", id, " after its response");
  if (!accept.subprotocol.empty() && !wire::IsToken(accept.subprotocol)) {
    return Fault("an accept", id, " with a subprotocol that is not valid in HTTP");
  }
  if (!CheckHeaders("an accept", id, accept.headers)) return false;
  stream->accepted = true;
  if (stream->aborted) return true;
  napi_env env = events->env();
  events->Add(EventType::kAccept, id,
              {Latin1(env, accept.subprotocol), Latin1(env, accept.headers)});
  return true;
}

bool Streams::On(const wire::SocketMessage& message, EventArray* events) {
  const uint32_t id = message.stream;
  Stream* stream = FindFor("a message", id);
  if (stream == nullptr) return false;
  if (!stream->accepted) return Fault("a message", id, ", which is not an open WebSocket");
  if (!Receive(stream, id, wire::MessageCost(message.bytes.size(), message.end))) return false;
  if (stream->aborted) return true;
  napi_env env = events->env();
  events->Add(EventType::kMessage, id,
              {Boolean(env, message.text), events->Undefined(), events->Bytes(message.bytes),
               Boolean(env, message.end)});
  return true;
}

bool Streams::On(const wire::Close& close, EventArray* events) {
  const uint32_t id = close.stream;
  Stream* stream = FindFor("a close", id);
  if (stream == nullptr) return false;
  if (!stream->websocket) return Fault("a close", id, kIsNotWebSocket);
  if (stream->response_started) return Fault("a close", id, " after its response");
  if (!wire::IsCloseCode(close.code)) {
    return Fault("a close with code " + std::to_string(close.code), id,
                 ", which a close frame cannot carry");
  }
  if (close.reason.size() > wire::kMaxCloseReason) {
    return Fault("a close with a reason of " + std::to_string(close.reason.size()) + " bytes", id,
                 "; the limit is " + std::to_string(wire::kMaxCloseReason));
  }
  // What is not valid would be replaced by something longer.
  if (!wire::IsUtf8(close.reason)) return Fault("a close", id, " with a reason that is not UTF-8");
  if (Settle(stream, id, true, events)) {
    napi_env env = events->env();
    events->Add(EventType::kClose, id, {Number(env, close.code), Utf8(env, close.reason)});
  }
  return true;
}

bool Streams::On(const wire::AppError& error, EventArray* events) {
  const uint32_t id = error.stream;
  Stream* stream = FindFor("an error", id);
  if (stream == nullptr) return false;
  if (error.type.size() > wire::kMaxErrorType || error.message.size() > wire::kMaxErrorMessage ||
      error.traceback.size() > wire::kMaxTraceback) {
    return Fault("an error", id, " whose text is too long");
  }
  const bool started = stream->response_started || stream->accepted;
  if (Settle(stream, id, true, events)) {
    napi_env env = events->env();
    events->Add(
        EventType::kAppError, id,
        {Array(env, {Utf8(env, error.type), Utf8(env, error.message), Utf8(env, error.traceback)}),
         Boolean(env, started)});
  }
  return true;
}

bool Streams::On(const wire::Closed& closed, EventArray* events) {
  const uint32_t id = closed.stream;
  Stream* stream = FindFor("'closed'", id);
  if (stream == nullptr) return false;
  if (!stream->aborted) return Fault("'closed'", id, ", which was not aborted");
  (void)Settle(stream, id, true, events);
  return true;
}

bool Streams::On(const wire::Ready& ready, EventArray* events) {
  if (ready.version != wire::kWireVersion) {
    return Fault("it speaks wire version " + std::to_string(ready.version) +
                 ", but the addon speaks version " + std::to_string(wire::kWireVersion) +
                 "; the addon and the Python module _worker come from different builds");
  }
  events->Add(EventType::kReady, 0, {Utf8(events->env(), ready.info)});
  return true;
}

bool Streams::On(const wire::StartupFailed& failed, EventArray* events) {
  napi_env env = events->env();
  events->Add(EventType::kStartupFailed, 0,
              {Array(env, {Utf8(env, failed.kind), Utf8(env, failed.type),
                           Utf8(env, failed.message), Utf8(env, failed.traceback)})});
  return true;
}

bool Streams::On(const wire::Stopped& /*stopped*/, EventArray* events) {
  events->Add(EventType::kStopped, 0);
  return true;
}

bool Streams::On(const wire::Pong& /*pong*/, EventArray* events) {
  events->Add(EventType::kPong, 0);
  return true;
}

}  // namespace nasgi::addon
