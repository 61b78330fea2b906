#pragma once

#include <napi.h>

#include <span>
#include <string_view>

#include "base/packet_socket.h"
#include "base/unique_fd.h"
#include "child_process.h"
#include "poll_watcher.h"
#include "wire/frame.h"

namespace nasgi::addon {

// Node's end of the control socket to a fork server, and of the lifeline to the server and its
// workers, as the JavaScript class Control. addon/lib/binding.js documents its methods for
// JavaScript.
//
// Thread safety: the environment's own thread. Environments share nothing.
// Lifetime: JavaScript owns the object. close() or the end of the environment closes the socket and
// the lifeline, which ends the fork server and its workers. If the environment ends first, the
// object also reaps the fork server, from a detached thread if that is still running.
// Failure: a method that fails leaves a JavaScript exception pending and returns an empty value.
// ERR_CLOSED: the socket is closed. ERR_PYTHON_FAILED: the fork server cannot take the message.
class Control : public Napi::ObjectWrap<Control> {
 public:
  static constexpr const char* kClassName = "Control";
  static constexpr napi_type_tag kTypeTag = {0x41f0a97bd2c85e36, 0xb7e11c5d0a4f9328};

  [[nodiscard]] static Napi::Function Define(Napi::Env env);

  explicit Control(const Napi::CallbackInfo& info);
  ~Control() override;

  // The socket, borrowed; -1 once closed.
  [[nodiscard]] int fd() const { return socket_.get(); }
  // Reads a bounded number of packets that have arrived and hands each to JavaScript.
  void OnReadable();

 private:
  Napi::Value ChildFd(const Napi::CallbackInfo& info);
  Napi::Value LifelineFd(const Napi::CallbackInfo& info);
  Napi::Value Spawned(const Napi::CallbackInfo& info);
  Napi::Value Reaped(const Napi::CallbackInfo& info);
  Napi::Value ReapOrphan(const Napi::CallbackInfo& info);
  Napi::Value Init(const Napi::CallbackInfo& info);
  Napi::Value Fork(const Napi::CallbackInfo& info);
  Napi::Value Kill(const Napi::CallbackInfo& info);
  Napi::Value Ref(const Napi::CallbackInfo& info);
  Napi::Value Unref(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  // The body of the constructor; leaves an exception pending where it fails.
  void Open(const Napi::CallbackInfo& info);
  // The packet as an object for JavaScript. An invalid packet becomes one of the type `corrupt`.
  [[nodiscard]] Napi::Object ToMessage(std::span<const std::byte> bytes);
  void Deliver(Napi::Object message);
  void CloseNow();
  static void OnEnvironmentEnd(void* self);
  // Sends a message together with `fds`, which stay the caller's. False: an exception is pending.
  template <class Message>
  [[nodiscard]] bool Send(const Message& message, std::span<const int> fds = {});

  base::UniqueFd socket_;
  base::UniqueFd child_socket_;
  base::UniqueFd lifeline_;  // the write end: closing it tells everybody to end
  base::UniqueFd child_lifeline_;
  ChildProcess server_;  // until it has been reaped
  PollWatcher watcher_;
  bool hooked_ = false;  // OnEnvironmentEnd is registered
  Napi::FunctionReference on_message_;
  Napi::AsyncContext async_context_;
  base::PacketReceiver receiver_;
  wire::Frame frame_;
};

}  // namespace nasgi::addon
