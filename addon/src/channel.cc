#include "channel.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "js.h"
#include "wire/http_head.h"
#include "wire/utf8.h"

namespace nasgi::addon {

namespace {

// Frames that go to JavaScript in one call (their arguments stand on the stack), and calls in one
// turn of the event loop: beyond them Node's timers and sockets get their turn first.
constexpr size_t kFramesADrain = 256;
constexpr int kDrainsATurn = 16;

constexpr napi_type_tag kTypeTag = {0x8c6f3d1e5b7a4920, 0x9d3f60a1c2e84b57};

bool RingSize(Napi::Object options, const char* name, size_t* size) {
  const Napi::Value value = options.Get(name);
  if (value.IsUndefined()) return true;
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  const auto bytes =
      static_cast<uint32_t>(std::clamp(number, 0.0, static_cast<double>(shm::kMaxCapacity)));
  if (bytes < wire::kMinRing || !std::has_single_bit(bytes) || number != bytes) {
    ThrowCoded(options.Env(), "ERR_INVALID_OPTION",
               std::string(name) + " must be a power of two from " +
                   std::to_string(wire::kMinRing) + " to " + std::to_string(shm::kMaxCapacity) +
                   " bytes");
    return false;
  }
  *size = bytes;
  return true;
}

void ThrowHeadFault(Napi::Env env, const wire::HeadCheck& check) {
  const std::string where(check.where);
  switch (check.fault) {
    case wire::HeadFault::kMethod:
      return ThrowCoded(env, "ERR_INVALID_METHOD", "'" + where + "' is no HTTP method");
    case wire::HeadFault::kUrl:
      return ThrowCoded(env, "ERR_INVALID_URL",
                        "the URL holds a space or a control character, percent-encode it");
    case wire::HeadFault::kHeaderName:
      return ThrowCoded(env, "ERR_INVALID_HEADER", "'" + where + "' is no name of an HTTP header");
    case wire::HeadFault::kHeaderValue:
      return ThrowCoded(env, "ERR_INVALID_HEADER",
                        "the value of the header '" + where + "' holds a control character");
    case wire::HeadFault::kSize:
      return ThrowCoded(env, "ERR_HEADERS_TOO_LARGE",
                        "URL and headers take more than " + std::to_string(wire::kMaxHead) +
                            " bytes (32 added for each header)");
    default:
      return ThrowCoded(env, "ERR_INVALID_HEADER",
                        "a NUL character in the method, the URL or a header");
  }
}

}  // namespace

Napi::Function Channel::Define(Napi::Env env) {
  return DefineClass(
      env, "Channel",
      {InstanceMethod<&Channel::Write>("write"), InstanceMethod<&Channel::Connect>("connect"),
       InstanceMethod<&Channel::SendMessage>("message"),
       InstanceMethod<&Channel::CloseSocket>("closeSocket"),
       InstanceMethod<&Channel::Consumed>("consumed"), InstanceMethod<&Channel::Abort>("abort"),
       InstanceMethod<&Channel::Cancel>("cancel"), InstanceMethod<&Channel::Stop>("stop"),
       InstanceMethod<&Channel::Ring>("ring"), InstanceMethod<&Channel::Ping>("ping"),
       InstanceMethod<&Channel::Wait>("wait"), InstanceMethod<&Channel::Drain>("drain"),
       InstanceMethod<&Channel::Ref>("ref"), InstanceMethod<&Channel::Unref>("unref"),
       InstanceMethod<&Channel::Close>("close")});
}

Channel* Channel::From(Napi::Value value) {
  bool tagged = false;
  if (value.IsObject()) {
    napi_check_object_type_tag(value.Env(), value, &kTypeTag, &tagged);
  }
  if (!tagged) {
    Napi::TypeError::New(value.Env(), "expected a Channel").ThrowAsJavaScriptException();
    return nullptr;
  }
  return Unwrap(value.As<Napi::Object>());
}

Channel::Channel(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<Channel>(info), async_context_(info.Env(), "node_asgi.Channel") {
  Open(info);
}

void Channel::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject() || !info[1].IsFunction()) {
    Napi::TypeError::New(env, "Channel(options, onEvents)").ThrowAsJavaScriptException();
    return;
  }
  shm::Segment::Options sizes;
  const auto options = info[0].As<Napi::Object>();
  if (!RingSize(options, "requestRing", &sizes.request_capacity) ||
      !RingSize(options, "responseRing", &sizes.response_capacity)) {
    return;
  }
  if (const Napi::Value spin = options.Get("spin"); spin.IsNumber()) {
    spinner_ = shm::Spinner(std::chrono::microseconds(spin.ToNumber().Uint32Value()));
  }
  base::Result<shm::Segment> segment = shm::Segment::Create(sizes);
  base::Result<shm::Doorbell> own = shm::Doorbell::Create();
  base::Result<shm::Doorbell> peer = shm::Doorbell::Create();
  for (const base::Status* status : {&segment.status(), &own.status(), &peer.status()}) {
    if (!status->ok()) return ThrowCoded(env, "ERR_NO_RESOURCES", status->message());
  }
  segment_fd_ = segment.value().fd();
  worker_bell_fd_ = peer.value().fd();
  endpoint_ = std::make_unique<shm::Endpoint>(std::move(segment).value(), shm::Side::kNode,
                                              std::move(own).value(), std::move(peer).value());
  const base::Status watching = watcher_.Start(env, endpoint_->bell_fd(), [this] { OnBell(); });
  const base::Status turns = turn_end_.Start(env, [this] {
    if (endpoint_ != nullptr) endpoint_->RingHeld();
  });
  for (const base::Status* status : {&watching, &turns}) {
    if (!status->ok()) return ThrowCoded(env, "ERR_NO_RESOURCES", status->message());
  }
  on_events_ = Napi::Persistent(info[1].As<Napi::Function>());
  napi_type_tag_object(env, info.This(), &kTypeTag);
  if (!DefineRequest(info.This().As<Napi::Object>())) return;  // an exception is pending
}

bool Channel::WorkerFds(std::array<int, wire::kForkFds>* fds) const {
  if (endpoint_ == nullptr) return false;
  (*fds)[wire::kSegmentFd] = segment_fd_;
  (*fds)[wire::kWorkerBellFd] = worker_bell_fd_;
  (*fds)[wire::kNodeBellFd] = endpoint_->bell_fd();
  return true;
}

template <class Message>
void Channel::SendFrame(const Message& message, shm::Bell bell) {
  const base::Status sent = endpoint_->Send(
      wire::FrameBound(message),
      [&message](std::span<std::byte> room) { return wire::PackFrame(message, room); }, bell);
  // Only a broken ring refuses what has been held to the limits: let the next drain report it.
  if (!sent.ok()) eventfd_write(endpoint_->bell_fd(), 1);
  if (endpoint_->holds_bell()) turn_end_.Expect();
}

bool Channel::ReadHead(Napi::Value value) {
  if (!value.IsString()) {
    Napi::TypeError::New(value.Env(), "head must be a string").ThrowAsJavaScriptException();
    return false;
  }
  // One call does for nearly all. What fills the room to the last byte (a NUL is written, too) may
  // be longer.
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
  if (check.fault == wire::HeadFault::kOk) return true;
  ThrowHeadFault(value.Env(), check);
  return false;
}

bool Channel::DefineRequest(Napi::Object self) {
  napi_value function = nullptr;
  if (napi_create_function(self.Env(), "request", NAPI_AUTO_LENGTH, OnRequest, this, &function) !=
      napi_ok) {
    return false;
  }
  // Who has the function keeps the channel.
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
  const Napi::Env env = Env();
  if (endpoint_ == nullptr) {
    ThrowCoded(env, "ERR_CLOSED", "the channel is closed");
    return {};
  }
  std::string_view body;
  if (!ReadHead(head) || (!bytes.IsUndefined() && !BytesOf(bytes, &body))) return {};
  if (body.size() > wire::kMaxChunk) {
    ThrowCoded(env, "ERR_INVALID_BODY", "the first part of a body is longer than limits.chunk");
    return {};
  }
  const bool end = ends.ToBoolean();
  const uint32_t id = streams_.Open(false);
  Stream* stream = streams_.Find(id);
  stream->send.Spend(body.size());
  stream->request_ended = end;
  const wire::Request frame{id, head_, body, end};
  if (wire::FrameBound(frame) <= endpoint_->max_record()) {
    SendFrame(frame);
  } else {  // a large head and a small ring
    SendFrame(wire::Request{id, head_, {}, false});
    SendFrame(wire::Body{id, body, end});
  }
  return Napi::Number::New(env, id);
}

Napi::Value Channel::Connect(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (endpoint_ == nullptr) {
    ThrowCoded(env, "ERR_CLOSED", "the channel is closed");
    return {};
  }
  if (!ReadHead(info[0])) return {};
  const uint32_t id = streams_.Open(true);
  SendFrame(wire::Connect{id, head_});
  return Napi::Number::New(env, id);
}

Napi::Value Channel::SendMessage(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string_view bytes;
  if (!BytesOf(info[1], &bytes)) return {};
  const uint32_t id = info[0].ToNumber().Uint32Value();
  Stream* stream = endpoint_ != nullptr ? streams_.Find(id) : nullptr;
  if (stream == nullptr || stream->aborted || !stream->accepted) {
    return Napi::Number::New(env, static_cast<double>(bytes.size()));
  }
  const bool text = info[2].ToBoolean();
  size_t sent = 0;
  while (true) {
    const wire::Piece piece = wire::NextPiece(bytes.size() - sent, stream->send);
    if (piece.blocked()) break;
    stream->send.Spend(piece.cost());
    // Sockets have a message each in one turn: 1.15 times the messages where cores are scarce, as
    // each waking takes the core from somebody.
    SendFrame(wire::SocketMessage{id, bytes.substr(sent, piece.size), text, piece.end},
              shm::Bell::kHeld);
    sent += piece.size;
    if (piece.end) return Napi::Number::New(env, static_cast<double>(sent));
  }
  return Napi::Number::New(env, bytes.empty() ? -1 : static_cast<double>(sent));
}

Napi::Value Channel::CloseSocket(const Napi::CallbackInfo& info) {
  const uint32_t id = info[0].ToNumber().Uint32Value();
  Stream* stream = endpoint_ != nullptr ? streams_.Find(id) : nullptr;
  if (stream == nullptr || stream->aborted || !stream->websocket) return {};
  stream->aborted = true;
  const std::string reason = info[2].ToString();
  SendFrame(wire::Close{id, info[1].ToNumber().Uint32Value(),
                        wire::CutUtf8(reason, wire::kMaxCloseReason)});
  return {};
}

Napi::Value Channel::Write(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string_view bytes;
  if (!BytesOf(info[1], &bytes)) return {};
  Stream* stream = endpoint_ != nullptr ? streams_.Find(info[0].ToNumber().Uint32Value()) : nullptr;
  if (stream == nullptr || stream->aborted || stream->request_ended) {
    return Napi::Number::New(env, static_cast<double>(bytes.size()));
  }
  const uint32_t id = info[0].ToNumber().Uint32Value();
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
  return Napi::Number::New(env, static_cast<double>(sent));
}

Napi::Value Channel::Consumed(const Napi::CallbackInfo& info) {
  const uint32_t id = info[0].ToNumber().Uint32Value();
  Stream* stream = endpoint_ != nullptr ? streams_.Find(id) : nullptr;
  if (stream == nullptr || stream->aborted) return {};
  const uint32_t credit = stream->receive.Consume(info[1].ToNumber().Uint32Value());
  if (credit > 0) SendFrame(wire::Credit{id, credit});
  return {};
}

Napi::Value Channel::Abort(const Napi::CallbackInfo& info) {
  const uint32_t id = info[0].ToNumber().Uint32Value();
  Stream* stream = endpoint_ != nullptr ? streams_.Find(id) : nullptr;
  if (stream == nullptr || stream->aborted) return {};
  stream->aborted = true;
  SendFrame(wire::Disconnect{id});
  return {};
}

Napi::Value Channel::Cancel(const Napi::CallbackInfo& info) {
  const uint32_t id = info[0].ToNumber().Uint32Value();
  if (endpoint_ != nullptr && streams_.Find(id) != nullptr) SendFrame(wire::Cancel{id});
  return {};
}

Napi::Value Channel::Stop(const Napi::CallbackInfo& info) {
  const uint32_t patience = info[0].ToNumber().Uint32Value();
  if (endpoint_ != nullptr) SendFrame(wire::Stop{patience});
  return {};
}

Napi::Value Channel::Ring(const Napi::CallbackInfo& /*info*/) {
  if (endpoint_ != nullptr) endpoint_->RingHeld();
  return {};
}

Napi::Value Channel::Ping(const Napi::CallbackInfo& /*info*/) {
  if (endpoint_ != nullptr) SendFrame(wire::Ping{});
  return {};
}

Napi::Value Channel::Wait(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Control* control = Control::From(info[0]);
  if (control == nullptr) return {};
  if (endpoint_ == nullptr) return Napi::Boolean::New(env, false);
  // Within a callback of ours the endpoint is awake, and nobody would ring.
  if (!endpoint_->Sleep()) {
    OnBell();
    return Napi::Boolean::New(env, true);
  }
  std::array<pollfd, 2> fds = {pollfd{endpoint_->bell_fd(), POLLIN, 0},
                               pollfd{control->fd(), POLLIN, 0}};
  const int timeout = info[1].ToNumber().Int32Value();
  int ready = 0;
  do {
    ready = poll(fds.data(), fds.size(), timeout);
  } while (ready < 0 && errno == EINTR);
  if (fds[0].revents != 0) OnBell();
  if (fds[1].revents != 0) control->OnReadable();
  return Napi::Boolean::New(env, ready > 0);
}

Napi::Value Channel::Drain(const Napi::CallbackInfo& info) {
  if (endpoint_ == nullptr || depth_ > 0) return Napi::Boolean::New(info.Env(), false);
  ++depth_;
  const bool more = DrainOnce() == shm::Endpoint::Drained::kMore;
  if (--depth_ == 0 && closing_) CloseNow();
  return Napi::Boolean::New(info.Env(), more);
}

Napi::Value Channel::Ref(const Napi::CallbackInfo& /*info*/) {
  watcher_.Ref();
  return {};
}

Napi::Value Channel::Unref(const Napi::CallbackInfo& /*info*/) {
  watcher_.Unref();
  return {};
}

Napi::Value Channel::Close(const Napi::CallbackInfo& /*info*/) {
  closing_ = true;
  if (depth_ == 0) CloseNow();
  return {};
}

void Channel::CloseNow() {
  watcher_.Close();
  turn_end_.Close();
  endpoint_.reset();
  on_events_.Reset();
}

void Channel::OnBell() {
  if (endpoint_ == nullptr) return;
  const Napi::HandleScope scope(Env());
  ++depth_;
  endpoint_->Wake();
  spinner_.Refill();
  int drains = 0;
  bool work = true;
  while (work && !closing_) {
    if (drains++ == kDrainsATurn) {
      eventfd_write(endpoint_->bell_fd(), 1);  // go on in the next turn of the loop
      break;
    }
    switch (DrainOnce()) {
      case shm::Endpoint::Drained::kMore:
        break;
      case shm::Endpoint::Drained::kEmpty:
        endpoint_->RingHeld();
        work = closing_ || (!streams_.empty() && spinner_.Spin(endpoint_.get())) ||
               !endpoint_->Sleep();
        break;
      case shm::Endpoint::Drained::kCorrupt:
        closing_ = true;
        break;
      case shm::Endpoint::Drained::kBusy:
        work = false;
        break;
    }
  }
  if (--depth_ == 0 && closing_) CloseNow();
}

shm::Endpoint::Drained Channel::DrainOnce() {
  const Napi::HandleScope scope(Env());
  EventArray events(Env());
  const auto drained =
      endpoint_->Drain(kFramesADrain, [this, &events](std::span<const std::byte> bytes) {
        return streams_.OnFrame(bytes, &events);
      });
  if (drained == shm::Endpoint::Drained::kCorrupt) {
    const std::string& fault = streams_.fault();
    events.Add(EventType::kCorrupt, 0,
               {Utf8(Env(), fault.empty() ? "the ring's indices or lengths are broken" : fault)});
  }
  if (!events.empty()) Deliver(&events);
  return drained;
}

void Channel::Deliver(EventArray* events) {
  CallBack(Env(), async_context_, Value(), on_events_, events->Arguments());
}

}  // namespace nasgi::addon
