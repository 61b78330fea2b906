#include "streams.h"

namespace nasgi::addon {

namespace {

napi_value Array(napi_env env, std::initializer_list<napi_value> values) {
  napi_value array = nullptr;
  napi_create_array_with_length(env, values.size(), &array);
  uint32_t index = 0;
  for (napi_value value : values) napi_set_element(env, array, index++, value);
  return array;
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

bool Streams::Fault(std::string what) {
  fault_ = std::move(what);
  return false;
}

template <class Message>
bool Streams::Take(EventArray* events) {
  Message message;
  return frame_.Get(&message) ? On(message, events) : Fault("fields of the wrong kind");
}

bool Streams::OnFrame(std::span<const std::byte> bytes, EventArray* events) {
  if (!frame_.Parse(bytes)) return Fault("a record that is no frame");
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
      return Fault("a message that Node does not take");
  }
}

bool Streams::On(const wire::Response& response, EventArray* events) {
  Stream* stream = Find(response.stream);
  if (stream == nullptr) return Fault("a response to an unknown stream");
  if (stream->response_started) return Fault("a second response to one stream");
  if (stream->accepted) return Fault("a response to an accepted WebSocket");
  if (response.status < wire::kMinStatus || response.status > wire::kMaxStatus) {
    return Fault("a response with an impossible status");
  }
  if (!stream->receive.Receive(response.body.size())) return Fault("a flow-control window overrun");
  stream->response_started = true;
  const bool aborted = stream->aborted;
  if (response.end) End(response.stream);
  if (aborted) {
    if (response.end) events->Add(EventType::kClosed, response.stream);
    return true;
  }
  napi_env env = events->env();
  events->Add(EventType::kResponseStart, response.stream,
              {Number(env, response.status), events->Headers(response.headers),
               events->Bytes(response.body), Boolean(env, response.end)});
  return true;
}

bool Streams::On(const wire::Body& body, EventArray* events) {
  Stream* stream = Find(body.stream);
  if (stream == nullptr) return Fault("a body of an unknown stream");
  if (!stream->response_started) return Fault("a body before its response");
  if (!stream->receive.Receive(body.bytes.size())) return Fault("a flow-control window overrun");
  const bool aborted = stream->aborted;
  if (body.end) End(body.stream);
  if (aborted) {
    if (body.end) events->Add(EventType::kClosed, body.stream);
    return true;
  }
  napi_env env = events->env();
  events->Add(EventType::kBody, body.stream,
              {events->Undefined(), events->Undefined(), events->Bytes(body.bytes),
               Boolean(env, body.end)});
  return true;
}

bool Streams::On(const wire::Credit& credit, EventArray* events) {
  Stream* stream = Find(credit.stream);
  if (stream == nullptr) return Fault("credit for an unknown stream");
  if (!stream->send.Open(credit.bytes)) return Fault("credit for bytes that were not sent");
  if (!stream->aborted && !stream->request_ended) {
    events->Add(EventType::kCredit, credit.stream,
                {Number(events->env(), static_cast<uint32_t>(stream->send.available()))});
  }
  return true;
}

Stream* Streams::BeforeResponse(uint32_t id) {
  Stream* stream = Find(id);
  if (stream == nullptr) {
    fault_ = "a message of an unknown stream";
  } else if (stream->response_started || stream->accepted) {
    fault_ = "a message that comes before a response, after it";
    stream = nullptr;
  } else if (stream->websocket) {
    fault_ = "a part of an HTTP response for a WebSocket";
    stream = nullptr;
  }
  return stream;
}

bool Streams::On(const wire::Trailers& trailers, EventArray* events) {
  const Stream* stream = Find(trailers.stream);
  if (stream == nullptr) return Fault("trailers of an unknown stream");
  if (!stream->response_started) return Fault("trailers before their response");
  if (stream->websocket) return Fault("a part of an HTTP response for a WebSocket");
  const bool aborted = stream->aborted;
  End(trailers.stream);
  if (aborted) {
    events->Add(EventType::kClosed, trailers.stream);
  } else {
    events->Add(EventType::kTrailers, trailers.stream, {Latin1(events->env(), trailers.headers)});
  }
  return true;
}

bool Streams::On(const wire::File& file, EventArray* events) {
  const Stream* stream = BeforeResponse(file.stream);
  if (stream == nullptr) return false;
  if (file.status < wire::kMinStatus || file.status > wire::kMaxStatus) {
    return Fault("a response with an impossible status");
  }
  const bool aborted = stream->aborted;
  End(file.stream);
  napi_env env = events->env();
  if (aborted) {
    events->Add(EventType::kClosed, file.stream);
  } else {
    events->Add(EventType::kFile, file.stream,
                {Number(env, file.status), Latin1(env, file.headers), Latin1(env, file.path)});
  }
  return true;
}

bool Streams::On(const wire::EarlyHint& hint, EventArray* events) {
  const Stream* stream = BeforeResponse(hint.stream);
  if (stream == nullptr) return false;
  if (!stream->aborted) {
    events->Add(EventType::kEarlyHint, hint.stream, {Latin1(events->env(), hint.links)});
  }
  return true;
}

bool Streams::On(const wire::Push& push, EventArray* events) {
  const Stream* stream = Find(push.stream);
  if (stream == nullptr) return Fault("a push of an unknown stream");
  if (!stream->aborted) {
    napi_env env = events->env();
    events->Add(EventType::kPush, push.stream, {Latin1(env, push.path), Latin1(env, push.headers)});
  }
  return true;
}

bool Streams::On(const wire::Continue& wanted, EventArray* events) {
  const Stream* stream = BeforeResponse(wanted.stream);
  if (stream == nullptr) return false;
  if (!stream->aborted) events->Add(EventType::kContinue, wanted.stream);
  return true;
}

bool Streams::On(const wire::Accept& accept, EventArray* events) {
  Stream* stream = Find(accept.stream);
  if (stream == nullptr) return Fault("an unknown WebSocket accepted");
  if (!stream->websocket || stream->accepted || stream->response_started) {
    return Fault("something accepted that is no WebSocket to be accepted");
  }
  stream->accepted = true;
  if (stream->aborted) return true;
  napi_env env = events->env();
  events->Add(EventType::kAccept, accept.stream,
              {Latin1(env, accept.subprotocol), Latin1(env, accept.headers)});
  return true;
}

bool Streams::On(const wire::SocketMessage& message, EventArray* events) {
  Stream* stream = Find(message.stream);
  if (stream == nullptr) return Fault("a message of an unknown WebSocket");
  if (!stream->accepted) return Fault("a message of a WebSocket that is not accepted");
  const size_t cost = message.bytes.size() + (message.end ? wire::kMessageOverhead : 0);
  if (!stream->receive.Receive(cost)) return Fault("a flow-control window overrun");
  if (stream->aborted) return true;
  napi_env env = events->env();
  events->Add(EventType::kMessage, message.stream,
              {Boolean(env, message.text), events->Undefined(), events->Bytes(message.bytes),
               Boolean(env, message.end)});
  return true;
}

bool Streams::On(const wire::Close& close, EventArray* events) {
  const Stream* stream = Find(close.stream);
  if (stream == nullptr) return Fault("an unknown WebSocket closed");
  if (!stream->websocket || stream->response_started) return Fault("no WebSocket, but closed");
  if (close.code < wire::kMinCloseCode || close.code > wire::kMaxCloseCode ||
      close.reason.size() > wire::kMaxCloseReason) {
    return Fault("a WebSocket closed with an impossible code or reason");
  }
  const bool aborted = stream->aborted;
  End(close.stream);
  napi_env env = events->env();
  if (aborted) {
    events->Add(EventType::kClosed, close.stream);
  } else {
    events->Add(EventType::kClose, close.stream,
                {Number(env, close.code), Utf8(env, close.reason)});
  }
  return true;
}

bool Streams::On(const wire::AppError& error, EventArray* events) {
  const Stream* stream = Find(error.stream);
  if (stream == nullptr) return Fault("an error of an unknown stream");
  if (stream->aborted) {
    events->Add(EventType::kClosed, error.stream);
  } else {
    napi_env env = events->env();
    events->Add(
        EventType::kAppError, error.stream,
        {Array(env, {Utf8(env, error.type), Utf8(env, error.message), Utf8(env, error.traceback)}),
         Boolean(env, stream->response_started || stream->accepted)});
  }
  End(error.stream);
  return true;
}

bool Streams::On(const wire::Closed& closed, EventArray* events) {
  const Stream* stream = Find(closed.stream);
  if (stream == nullptr) return Fault("the end of an unknown stream");
  if (!stream->aborted) return Fault("a stream closed that nobody aborted");
  End(closed.stream);
  events->Add(EventType::kClosed, closed.stream);
  return true;
}

bool Streams::On(const wire::Ready& ready, EventArray* events) {
  if (ready.version != wire::kWireVersion) {
    return Fault("wire version " + std::to_string(ready.version) + " instead of " +
                 std::to_string(wire::kWireVersion) + ": _worker and the addon are of two builds");
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
