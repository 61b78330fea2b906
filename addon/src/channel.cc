#include "channel.h"

#include <poll.h>

#include <bit>
#include <cerrno>
#include <string>
#include <utility>

#include "control.h"
#include "errors.h"
#include "js.h"
#include "tagged.h"

namespace nasgi::addon {

namespace {

// Frames that go to JavaScript in one call, whose arguments stand on the stack, and calls in one
// turn of the event loop. After that Node's timers and sockets get their turn.
constexpr size_t kFramesADrain = 256;
constexpr int kDrainsATurn = 16;

// What a worker did whose ring fails the checks of shm::RingReader or shm::RingWriter.
constexpr std::string_view kBrokenRing = "it wrote an invalid position or length into a ring";

// Reads the option `name` of the constructor into `size`, if it is given. False, with an exception
// pending: it is not a valid size of a ring.
bool RingSize(Napi::Object options, const char* name, size_t* size) {
  const Napi::Value value = options.Get(name);
  if (value.IsUndefined()) return true;
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  const bool in_range = number >= wire::kMinRing && number <= shm::kMaxCapacity;
  const auto bytes = in_range ? static_cast<uint32_t>(number) : 0;
  if (!std::has_single_bit(bytes) || number != bytes) {
    ThrowCoded(options.Env(), "ERR_INVALID_OPTION",
               std::string(name) + " must be a power of two from " +
                   std::to_string(wire::kMinRing) + " to " + std::to_string(shm::kMaxCapacity) +
                   " bytes");
    return false;
  }
  *size = bytes;
  return true;
}

}  // namespace

Napi::Function Channel::Define(Napi::Env env) {
  return DefineClass(
      env, kClassName,
      {InstanceMethod<&Channel::Write>("write"), InstanceMethod<&Channel::Connect>("connect"),
       InstanceMethod<&Channel::SendMessage>("message"),
       InstanceMethod<&Channel::CloseSocket>("closeSocket"),
       InstanceMethod<&Channel::Consumed>("consumed"), InstanceMethod<&Channel::Recycle>("recycle"),
       InstanceMethod<&Channel::Abort>("abort"), InstanceMethod<&Channel::Cancel>("cancel"),
       InstanceMethod<&Channel::Stop>("stop"), InstanceMethod<&Channel::TakeFile>("takeFile"),
       InstanceMethod<&Channel::Ring>("ring"), InstanceMethod<&Channel::Look>("look"),
       InstanceMethod<&Channel::Usage>("usage"), InstanceMethod<&Channel::Ping>("ping"),
       InstanceMethod<&Channel::Wait>("wait"), InstanceMethod<&Channel::Drain>("drain"),
       InstanceMethod<&Channel::Ref>("ref"), InstanceMethod<&Channel::Unref>("unref"),
       InstanceMethod<&Channel::Close>("close")});
}

Channel::Channel(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<Channel>(info), async_context_(info.Env(), "node_asgi.Channel") {
  Open(info);
}

void Channel::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject() || !info[1].IsFunction()) {
    return ThrowTypeError(env, "expected Channel(options, onEvents)");
  }
  shm::Segment::Options sizes;
  const auto options = info[0].As<Napi::Object>();
  if (!RingSize(options, "requestRing", &sizes.request_capacity) ||
      !RingSize(options, "responseRing", &sizes.response_capacity)) {
    return;
  }
  if (const Napi::Value spin = options.Get("spin"); spin.IsNumber()) {
    spinner_ = shm::Spinner(shm::SpinPolicy::Fixed(std::chrono::microseconds(Uint32(spin))));
  }
  base::Result<shm::Segment> segment = shm::Segment::Create(sizes);
  base::Result<shm::DoorbellPair> bells = shm::Doorbell::CreatePair();
  base::Result<base::FdSockets> files = base::MakeFdSockets();
  for (const base::Status* status : {&segment.status(), &bells.status(), &files.status()}) {
    if (!status->ok()) return ThrowNoResources(env, *status);
  }
  files_ = std::move(files).value();
  streams_.set_files(files_.taker.get());
  segment_fd_ = segment.value().fd();
  worker_bell_ = std::move(bells.value().other).Release();
  endpoint_ = std::make_unique<shm::Endpoint>(std::move(segment).value(), shm::Side::kNode,
                                              std::move(bells.value().one));
  const base::Status watching = watcher_.Start(env, endpoint_->bell_fd(), [this] { OnBell(); });
  const base::Status turns = turn_end_.Start(env, [this] {
    if (endpoint_ != nullptr) endpoint_->RingHeld();
  });
  for (const base::Status* status : {&watching, &turns}) {
    if (!status->ok()) return ThrowNoResources(env, *status);
  }
  on_events_ = Napi::Persistent(info[1].As<Napi::Function>());
  // Where DefineRequest fails, an exception is pending.
  if (DefineRequest(info.This().As<Napi::Object>())) Tag<Channel>(info.This());
}

bool Channel::WorkerFds(std::array<int, wire::kForkFds>* fds) const {
  if (!CheckOpen()) return false;
  (*fds)[wire::kSegmentFd] = segment_fd_;
  (*fds)[wire::kBellFd] = worker_bell_.get();
  (*fds)[wire::kFilesFd] = files_.passer.get();
  return true;
}

void Channel::CloseWorkerFds() {
  worker_bell_.reset();
  files_.passer.reset();
}

Napi::Value Channel::TakeFile(const Napi::CallbackInfo& info) {
  base::UniqueFd fd = streams_.TakeFile(Uint32(info[0]));
  if (!fd.valid()) {
    ThrowNoResources(info.Env(), base::Status::FromErrno("cannot take a file", EMFILE));
    return {};
  }
  return Napi::Number::New(info.Env(), fd.release());
}

Napi::Value Channel::Recycle(const Napi::CallbackInfo& info) {
  if (endpoint_ != nullptr) chunks_.Put(info[0]);
  return {};
}

Napi::Value Channel::Ring(const Napi::CallbackInfo& /*info*/) {
  if (endpoint_ != nullptr) endpoint_->RingHeld();
  return {};
}

Napi::Value Channel::Look(const Napi::CallbackInfo& /*info*/) {
  if (endpoint_ != nullptr && endpoint_->HasRecord()) watcher_.CallBackSoon();
  return {};
}

Napi::Value Channel::Usage(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  shm::Endpoint::Usage usage{};
  size_t backlog = 0;
  if (endpoint_ != nullptr) {
    usage = endpoint_->usage();
    backlog = endpoint_->backlog_bytes();
  }
  auto result = Napi::Object::New(env);
  result.Set("request", static_cast<double>(usage.sending));
  result.Set("response", static_cast<double>(usage.receiving));
  result.Set("backlog", static_cast<double>(backlog));
  return result;
}

Napi::Value Channel::Wait(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Control* control = UnwrapTagged<Control>(info[0]);
  if (control == nullptr) return {};
  if (endpoint_ == nullptr) return Napi::Boolean::New(env, false);
  // Within one of our callbacks the endpoint is awake, so the worker would not ring.
  if (!endpoint_->Sleep()) {
    OnBell();
    return Napi::Boolean::New(env, true);
  }
  // poll() ignores a negative descriptor.
  std::array<pollfd, 2> fds = {pollfd{hung_up_ ? -1 : endpoint_->bell_fd(), POLLIN, 0},
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
  worker_bell_.reset();
  files_ = {};
  chunks_.Clear();
  on_events_.Reset();
}

void Channel::OnBell() {
  if (endpoint_ == nullptr) return;
  const Napi::HandleScope scope(Env());
  ++depth_;
  spinner_.Woken(endpoint_->Wake());
  heard_ = false;
  int drains = 0;
  bool work = true;
  while (work && !closing_) {
    if (drains++ == kDrainsATurn) {
      watcher_.CallBackSoon();  // the rest is for the next turn of the loop
      break;
    }
    switch (DrainOnce()) {
      case shm::Endpoint::Drained::kMore:
        break;
      case shm::Endpoint::Drained::kEmpty:
        endpoint_->RingHeld();
        work = !closing_ && AwaitMore();
        break;
      case shm::Endpoint::Drained::kCorrupt:
        closing_ = true;
        break;
      case shm::Endpoint::Drained::kBusy:
        work = false;
        break;
    }
  }
  if (endpoint_->peer_left() && !closing_) OnHangUp();
  if (--depth_ == 0 && closing_) CloseNow();
}

bool Channel::AwaitMore() {
  using Outcome = shm::Spinner::Outcome;
  switch (MaySpin() ? spinner_.Spin(endpoint_.get()) : Outcome::kNothing) {
    case Outcome::kRecord:
      return true;
    case Outcome::kSpent:
      watcher_.CallBackSoon();
      return false;
    case Outcome::kNothing:
      return !endpoint_->Sleep();
  }
  return false;
}

// If only credit came, and nothing waits for more of it, the next move is a client's. To look for
// more credit would keep a core from the client, and finding it would save nobody time: it cost
// Node 1.15 times the CPU time for uploads over HTTP.
bool Channel::MaySpin() const { return streams_.any_blocked() || (heard_ && !streams_.empty()); }

void Channel::OnHangUp() {
  if (std::exchange(hung_up_, true)) return;
  watcher_.Ignore();
  EventArray events(Env(), &chunks_);
  events.Add(EventType::kHangUp, 0);
  CallBack(Env(), async_context_, Value(), on_events_, events.Arguments());
}

shm::Endpoint::Drained Channel::DrainOnce() {
  const Napi::HandleScope scope(Env());
  EventArray events(Env(), &chunks_);
  const auto drained =
      endpoint_->Drain(kFramesADrain, [this, &events](std::span<const std::byte> bytes) {
        return streams_.OnFrame(bytes, &events);
      });
  if (drained == shm::Endpoint::Drained::kCorrupt) {
    const std::string& fault = streams_.fault();
    events.Add(EventType::kCorrupt, 0, {Utf8(Env(), fault.empty() ? kBrokenRing : fault)});
  }
  heard_ = heard_ || !events.only_credit();
  if (!events.empty()) CallBack(Env(), async_context_, Value(), on_events_, events.Arguments());
  streams_.DropFiles(events);
  return drained;
}

}  // namespace nasgi::addon
