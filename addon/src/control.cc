#include "control.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include "base/status.h"
#include "channel.h"
#include "errors.h"
#include "js.h"
#include "tagged.h"
#include "wire/control.h"

namespace nasgi::addon {

namespace {

// Packets read in one turn of the event loop. After that Node's timers and sockets get their turn.
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

// Reaps a child that nobody else will wait for, so that no zombie is left. Unlike a pid, `pidfd`
// cannot come to mean another process.
void Reap(base::UniqueFd pidfd) {
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG) != 0) return;
  if (info.si_pid != 0) return;
  // The child ends within seconds of its lifeline. Nothing waits for the thread or depends on it: a
  // Node worker thread must be able to end at once. The environment may be gone by the time that
  // the child ends, but this code is not, because the addon is never unloaded (CMakeLists.txt).
  std::thread([child = std::move(pidfd)] {
    siginfo_t ended{};
    while (waitid(P_PIDFD, static_cast<id_t>(child.get()), &ended, WEXITED) != 0 &&
           errno == EINTR) {
    }
  }).detach();
}

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
      packet_(wire::kMaxControl) {
  Open(info);
}

void Control::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsFunction()) {
    return ThrowTypeError(env, "expected Control(onMessage)");
  }
  std::array<int, 2> sockets{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return ThrowNoResources(env, base::Status::FromErrno("socketpair", errno));
  }
  socket_ = base::UniqueFd(sockets[0]);
  child_socket_ = base::UniqueFd(sockets[1]);
  Pipe lifeline;
  if (const base::Status made = MakePipe(&lifeline); !made.ok()) return ThrowNoResources(env, made);
  lifeline_ = std::move(lifeline.write);
  child_lifeline_ = std::move(lifeline.read);
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

// Only where orphans become children of this process: elsewhere, a process with this pid that is a
// child of this one is another one, for which somebody else waits.
Napi::Value Control::ReapOrphan(const Napi::CallbackInfo& info) {
  int is_subreaper = 0;
  (void)prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
  if (getpid() != 1 && is_subreaper == 0) return {};
  const auto pid = static_cast<pid_t>(Uint32(info[0]));
  base::UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (pidfd.valid()) Reap(std::move(pidfd));
  return {};
}

template <class Message>
bool Control::Send(const Message& message, std::span<const int> fds) {
  if (!socket_.valid()) {
    ThrowClosed(Env(), "control socket");
    return false;
  }
  std::vector<std::byte> bytes(wire::FrameBound(message));
  iovec part = {bytes.data(), wire::PackFrame(message, bytes)};
  if (part.iov_len > wire::kMaxControl) {
    ThrowCoded(Env(), "ERR_INVALID_OPTION",
               "the settings for Python take " + std::to_string(part.iov_len) +
                   " bytes, but a control message carries at most " +
                   std::to_string(wire::kMaxControl) + "; preload fewer modules");
    return false;
  }
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * wire::kForkFds)> ancillary{};
  msghdr packet{};
  packet.msg_iov = &part;
  packet.msg_iovlen = 1;
  if (!fds.empty()) {
    packet.msg_control = ancillary.data();
    // How wide these fields are depends on the C library.
    packet.msg_controllen =
        static_cast<decltype(packet.msg_controllen)>(CMSG_SPACE(fds.size_bytes()));
    cmsghdr* item = CMSG_FIRSTHDR(&packet);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = static_cast<decltype(item->cmsg_len)>(CMSG_LEN(fds.size_bytes()));
    std::memcpy(CMSG_DATA(item), fds.data(), fds.size_bytes());
  }
  // A server that has left so much unread that the socket is full counts as gone.
  if (sendmsg(socket_.get(), &packet, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return true;
  ThrowCoded(Env(), "ERR_PYTHON_FAILED",
             base::Status::FromErrno("cannot send a message to the fork server", errno).message());
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
  Pipe out;
  Pipe err;
  for (Pipe* pipe : {&out, &err}) {
    if (const base::Status made = MakePipe(pipe); !made.ok()) {
      ThrowNoResources(env, made);
      return {};
    }
  }
  fds[wire::kStdoutFd] = out.write.get();
  fds[wire::kStderrFd] = err.write.get();
  if (!Send(wire::Fork{Uint32(info[0])}, fds)) return {};
  channel->CloseWorkerFds();
  Napi::Object result = Napi::Object::New(env);
  result.Set("stdout", out.read.release());
  result.Set("stderr", err.read.release());
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
  message.Set("message", "it sent an invalid message");
  return message;
}

void Control::Deliver(Napi::Object message) {
  const napi_value argument = message;
  CallBack(Env(), async_context_, Value(), on_message_, {&argument, 1});
}

}  // namespace nasgi::addon
