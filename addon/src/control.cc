#include "control.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/status.h"
#include "channel.h"
#include "js.h"
#include "wire/control.h"

namespace nasgi::addon {

namespace {

constexpr napi_type_tag kTypeTag = {0x41f0a97bd2c85e36, 0xb7e11c5d0a4f9328};

// Packets that are taken in one turn of the event loop.
constexpr int kPacketsATurn = 64;

struct Pipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

base::Status MakePipe(Pipe* pipe) {
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) return base::Status::FromErrno("pipe2", errno);
  pipe->read = base::UniqueFd(fds[0]);
  pipe->write = base::UniqueFd(fds[1]);
  return base::Status::Ok();
}

// Takes the exit status of a child that nobody else will ask for, so that no zombie stays. `pidfd`
// cannot mean another process, whatever becomes of the pid.
void Reap(base::UniqueFd pidfd) {
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG) != 0) return;
  if (info.si_pid != 0) return;
  // The child ends within seconds of its lifeline; nothing joins the thread, nothing depends on it.
  std::thread([child = std::move(pidfd)] {
    siginfo_t ended{};
    while (waitid(P_PIDFD, static_cast<id_t>(child.get()), &ended, WEXITED) != 0 &&
           errno == EINTR) {
    }
  }).detach();
}

void ThrowStatus(Napi::Env env, const base::Status& status) {
  ThrowCoded(env, "ERR_NO_RESOURCES", status.message());
}

}  // namespace

Napi::Function Control::Define(Napi::Env env) {
  return DefineClass(
      env, "Control",
      {InstanceAccessor<&Control::ChildFd>("childFd"),
       InstanceAccessor<&Control::LifelineFd>("lifelineFd"),
       InstanceMethod<&Control::Spawned>("spawned"), InstanceMethod<&Control::Reaped>("reaped"),
       InstanceMethod<&Control::Init>("init"), InstanceMethod<&Control::Fork>("fork"),
       InstanceMethod<&Control::Kill>("kill"), InstanceMethod<&Control::Ref>("ref"),
       InstanceMethod<&Control::Unref>("unref"), InstanceMethod<&Control::Close>("close")});
}

Control* Control::From(Napi::Value value) {
  bool tagged = false;
  if (value.IsObject()) {
    napi_check_object_type_tag(value.Env(), value, &kTypeTag, &tagged);
  }
  if (!tagged) {
    Napi::TypeError::New(value.Env(), "expected a Control").ThrowAsJavaScriptException();
    return nullptr;
  }
  return Unwrap(value.As<Napi::Object>());
}

Control::Control(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<Control>(info),
      async_context_(info.Env(), "node_asgi.Control"),
      packet_(wire::kMaxControl) {
  Open(info);
}

void Control::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsFunction()) {
    Napi::TypeError::New(env, "Control(onMessage)").ThrowAsJavaScriptException();
    return;
  }
  std::array<int, 2> sockets{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return ThrowStatus(env, base::Status::FromErrno("socketpair", errno));
  }
  socket_ = base::UniqueFd(sockets[0]);
  child_socket_ = base::UniqueFd(sockets[1]);
  Pipe lifeline;
  if (const base::Status made = MakePipe(&lifeline); !made.ok()) return ThrowStatus(env, made);
  lifeline_ = std::move(lifeline.write);
  child_lifeline_ = std::move(lifeline.read);
  const base::Status watching = watcher_.Start(env, socket_.get(), [this] { OnReadable(); });
  if (!watching.ok()) return ThrowStatus(env, watching);
  on_message_ = Napi::Persistent(info[0].As<Napi::Function>());
  napi_type_tag_object(env, info.This(), &kTypeTag);
  hooked_ = napi_add_env_cleanup_hook(env, OnEnvironmentEnd, this) == napi_ok;
}

Control::~Control() {
  if (hooked_) napi_remove_env_cleanup_hook(Env(), OnEnvironmentEnd, this);
}

// A worker thread that is terminated runs no JavaScript any more: nobody closes, nobody reaps.
void Control::OnEnvironmentEnd(void* self) {
  auto* control = static_cast<Control*>(self);
  control->hooked_ = false;
  control->CloseNow();
  if (control->child_process_.valid()) Reap(std::move(control->child_process_));
}

Napi::Value Control::ChildFd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), child_socket_.get());
}

Napi::Value Control::LifelineFd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), child_lifeline_.get());
}

Napi::Value Control::Spawned(const Napi::CallbackInfo& info) {
  if (info[0].IsNumber()) {
    const int pid = info[0].As<Napi::Number>().Int32Value();
    child_process_ = base::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  }
  child_socket_.reset();
  child_lifeline_.reset();
  return {};
}

Napi::Value Control::Reaped(const Napi::CallbackInfo& /*info*/) {
  child_process_.reset();
  return {};
}

template <class Message>
bool Control::Send(const Message& message, std::span<const int> fds) {
  if (!socket_.valid()) {
    ThrowCoded(Env(), "ERR_CLOSED", "the control socket is closed");
    return false;
  }
  std::vector<std::byte> bytes(wire::FrameBound(message));
  iovec part = {bytes.data(), wire::PackFrame(message, bytes)};
  if (part.iov_len > wire::kMaxControl) {
    ThrowCoded(Env(), "ERR_INVALID_OPTION", "the settings take more than 64 KiB");
    return false;
  }
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * wire::kForkFds)> ancillary{};
  msghdr packet{};
  packet.msg_iov = &part;
  packet.msg_iovlen = 1;
  if (!fds.empty()) {
    packet.msg_control = ancillary.data();
    packet.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* item = CMSG_FIRSTHDR(&packet);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(item), fds.data(), fds.size_bytes());
  }
  // A server that takes nothing for so long that the socket is full is as good as gone.
  if (sendmsg(socket_.get(), &packet, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return true;
  ThrowCoded(Env(), "ERR_PYTHON_FAILED",
             base::Status::FromErrno("the fork server takes no message", errno).message());
  return false;
}

Napi::Value Control::Init(const Napi::CallbackInfo& info) {
  const std::string settings = info[0].ToString().Utf8Value();
  (void)Send(wire::Init{wire::kWireVersion, settings});
  return {};
}

Napi::Value Control::Fork(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Channel* channel = Channel::From(info[1]);
  if (channel == nullptr) return {};
  std::array<int, wire::kForkFds> fds{};
  if (!channel->WorkerFds(&fds)) {
    ThrowCoded(env, "ERR_CLOSED", "the channel is closed");
    return {};
  }
  Pipe out;
  Pipe err;
  for (Pipe* pipe : {&out, &err}) {
    if (const base::Status made = MakePipe(pipe); !made.ok()) {
      ThrowStatus(env, made);
      return {};
    }
  }
  fds[wire::kStdoutFd] = out.write.get();
  fds[wire::kStderrFd] = err.write.get();
  if (!Send(wire::Fork{info[0].ToNumber().Uint32Value()}, fds)) return {};
  Napi::Object result = Napi::Object::New(env);
  result.Set("stdout", out.read.release());
  result.Set("stderr", err.read.release());
  return result;
}

Napi::Value Control::Kill(const Napi::CallbackInfo& info) {
  (void)Send(wire::Kill{info[0].ToNumber().Uint32Value(), info[1].ToNumber().Uint32Value()});
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
    const ssize_t size = recv(socket_.get(), packet_.data(), packet_.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) {
      watcher_.Close();
      Napi::Object message = Napi::Object::New(Env());
      message.Set("type", "closed");
      return Deliver(message);
    }
    Deliver(ToMessage(std::span(packet_).first(static_cast<size_t>(size))));
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
  message.Set("message", "the fork server sent what is no message");
  return message;
}

void Control::Deliver(Napi::Object message) {
  const napi_value argument = message;
  CallBack(Env(), async_context_, Value(), on_message_, {&argument, 1});
}

}  // namespace nasgi::addon
