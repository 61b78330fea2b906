#include "control.h"

#include <sys/types.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "base/os.h"
#include "base/status.h"
#include "channel.h"
#include "errors.h"
#include "js.h"
#include "os.h"
#include "tagged.h"
#include "wire/control.h"

namespace nasgi::addon {

namespace {

// Packets read in one turn of the event loop. After that Node's timers and sockets get their turn.
constexpr int kPacketsATurn = 64;

}  // namespace

Napi::Function Control::Define(Napi::Env env) {
  return DefineClass(
      env, kClassName,
      {InstanceAccessor<&Control::ChildFd>("childFd"),
       InstanceAccessor<&Control::LifelineFd>("lifelineFd"),
       InstanceMethod<&Control::Spawned>("spawned"), InstanceMethod<&Control::Reaped>("reaped"),
       InstanceMethod<&Control::ReapOrphan>("reapOrphan"), InstanceMethod<&Control::Init>("init"),
       InstanceMethod<&Control::Fork>("fork"), InstanceMethod<&Control::Kill>("kill"),
       InstanceMethod<&Control::Ref>("ref"), InstanceMethod<&Control::Unref>("unref"),
       InstanceMethod<&Control::Close>("close")});
}

Control::Control(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<Control>(info),
      async_context_(info.Env(), "node_asgi.Control"),
      receiver_(wire::kMaxControl, 0) {
  Open(info);
}

void Control::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsFunction()) {
    return ThrowTypeError(env, "expected Control(onMessage)");
  }
  base::Result<base::SocketPair> sockets = base::MakePacketSockets(wire::kMaxControl);
  base::Result<base::Pipe> lifeline = base::MakePipe();
  for (const base::Status* status : {&sockets.status(), &lifeline.status()}) {
    if (!status->ok()) return ThrowNoResources(env, *status);
  }
  socket_ = std::move(sockets.value().one);
  child_socket_ = std::move(sockets.value().other);
  lifeline_ = std::move(lifeline.value().write);
  child_lifeline_ = std::move(lifeline.value().read);
  const base::Status watching = watcher_.Start(env, socket_.get(), [this] { OnReadable(); });
  if (!watching.ok()) return ThrowNoResources(env, watching);
  on_message_ = Napi::Persistent(info[0].As<Napi::Function>());
  hooked_ = napi_add_env_cleanup_hook(env, OnEnvironmentEnd, this) == napi_ok;
  Tag<Control>(info.This());
}

Control::~Control() {
  if (hooked_) napi_remove_env_cleanup_hook(Env(), OnEnvironmentEnd, this);
}

// A Node worker thread that is terminated runs no more JavaScript, which would close and reap.
void Control::OnEnvironmentEnd(void* self) {
  auto* control = static_cast<Control*>(self);
  control->hooked_ = false;
  control->CloseNow();
  // It ends within seconds of its lifeline. A Node worker thread cannot wait for that.
  control->server_.ReapWhenItEnds();
}

Napi::Value Control::ChildFd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), child_socket_.get());
}

Napi::Value Control::LifelineFd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), child_lifeline_.get());
}

Napi::Value Control::Spawned(const Napi::CallbackInfo& info) {
  if (info[0].IsNumber()) {
    server_ = ChildProcess(info[0].As<Napi::Number>().Int32Value());
  }
  child_socket_.reset();
  child_lifeline_.reset();
  return {};
}

Napi::Value Control::Reaped(const Napi::CallbackInfo& /*info*/) {
  server_.Forget();
  return {};
}

// Only where orphans become children of this process: elsewhere, a process with this pid that is a
// child of this one is another one, for which somebody else waits.
Napi::Value Control::ReapOrphan(const Napi::CallbackInfo& info) {
  if (AdoptsOrphans()) ChildProcess(static_cast<pid_t>(Uint32(info[0]))).ReapWhenItEnds();
  return {};
}

template <class Message>
bool Control::Send(const Message& message, std::span<const int> fds) {
  if (!socket_.valid()) {
    ThrowClosed(Env(), "control socket");
    return false;
  }
  std::vector<std::byte> bytes(wire::FrameBound(message));
  bytes.resize(wire::PackFrame(message, bytes));
  if (bytes.size() > wire::kMaxControl) {
    ThrowCoded(Env(), "ERR_INVALID_OPTION",
               "the settings for Python take " + std::to_string(bytes.size()) +
                   " bytes, but a control message carries at most " +
                   std::to_string(wire::kMaxControl) + "; preload fewer modules");
    return false;
  }
  // A server that has left so much unread that the socket is full counts as gone.
  const base::Status sent = base::SendPacket(socket_.get(), bytes, fds, base::Wait::kNo);
  if (sent.ok()) return true;
  const std::string what = "cannot send a message to the fork server";
  ThrowCoded(Env(), "ERR_PYTHON_FAILED",
             base::Status::FromErrno(what, sent.error_number()).message());
  return false;
}

Napi::Value Control::Init(const Napi::CallbackInfo& info) {
  const std::string settings = info[0].ToString().Utf8Value();
  (void)Send(wire::Init{wire::kWireVersion, settings});
  return {};
}

Napi::Value Control::Fork(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Channel* channel = UnwrapTagged<Channel>(info[1]);
  if (channel == nullptr) return {};
  std::array<int, wire::kForkFds> fds{};
  if (!channel->WorkerFds(&fds)) return {};
  base::Result<base::Pipe> out = base::MakePipe();
  base::Result<base::Pipe> err = base::MakePipe();
  for (const base::Status* status : {&out.status(), &err.status()}) {
    if (!status->ok()) {
      ThrowNoResources(env, *status);
      return {};
    }
  }
  fds[wire::kStdoutFd] = out.value().write.get();
  fds[wire::kStderrFd] = err.value().write.get();
  if (!Send(wire::Fork{Uint32(info[0])}, fds)) return {};
  channel->CloseWorkerFds();
  Napi::Object result = Napi::Object::New(env);
  result.Set("stdout", out.value().read.release());
  result.Set("stderr", err.value().read.release());
  return result;
}

Napi::Value Control::Kill(const Napi::CallbackInfo& info) {
  (void)Send(wire::Kill{Uint32(info[0]), Uint32(info[1])});
  return {};
}

Napi::Value Control::Ref(const Napi::CallbackInfo& /*info*/) {
  watcher_.Ref();
  return {};
}

Napi::Value Control::Unref(const Napi::CallbackInfo& /*info*/) {
  watcher_.Unref();
  return {};
}

Napi::Value Control::Close(const Napi::CallbackInfo& /*info*/) {
  CloseNow();
  on_message_.Reset();
  return {};
}

void Control::CloseNow() {
  watcher_.Close();
  socket_.reset();
  child_socket_.reset();
  lifeline_.reset();
  child_lifeline_.reset();
}

void Control::OnReadable() {
  for (int taken = 0; taken < kPacketsATurn && socket_.valid(); ++taken) {
    const Napi::HandleScope scope(Env());
    const base::Result<base::Packet> received = receiver_.Receive(socket_.get(), base::Wait::kNo);
    if (received.status().error_number() == EAGAIN) return;
    if (received.status().code() == base::Status::Code::kCorrupt) return Deliver(ToMessage({}));
    if (!received.ok() || received.value().bytes.empty()) {
      watcher_.Close();
      Napi::Object message = Napi::Object::New(Env());
      message.Set("type", "closed");
      return Deliver(message);
    }
    Deliver(ToMessage(received.value().bytes));
  }
}

Napi::Object Control::ToMessage(std::span<const std::byte> bytes) {
  const Napi::Env env = Env();
  Napi::Object message = Napi::Object::New(env);
  const auto text = [&env](std::string_view view) { return Napi::Value(env, Utf8(env, view)); };
  if (frame_.Parse(bytes)) {
    wire::ServerReady ready;
    wire::ServerFailed failed;
    wire::Forked forked;
    wire::Exited exited;
    if (frame_.Get(&ready)) {
      message.Set("type", "server_ready");
      message.Set("info", text(ready.info));
      return message;
    }
    if (frame_.Get(&failed)) {
      message.Set("type", "server_failed");
      message.Set("errorType", text(failed.type));
      message.Set("message", text(failed.message));
      message.Set("traceback", text(failed.traceback));
      return message;
    }
    if (frame_.Get(&forked)) {
      message.Set("type", "forked");
      message.Set("worker", forked.worker);
      message.Set("pid", forked.pid);
      return message;
    }
    if (frame_.Get(&exited)) {
      message.Set("type", "exited");
      message.Set("worker", exited.worker);
      message.Set("pid", exited.pid);
      message.Set("code", exited.signal != 0 ? env.Null() : Napi::Number::New(env, exited.code));
      message.Set("signal", exited.signal);
      return message;
    }
  }
  message.Set("type", "corrupt");
  message.Set("message", "it sent an invalid message");
  return message;
}

void Control::Deliver(Napi::Object message) {
  const napi_value argument = message;
  CallBack(Env(), async_context_, Value(), on_message_, {&argument, 1});
}

}  // namespace nasgi::addon
