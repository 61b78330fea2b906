#pragma once

#include <napi.h>

#include <span>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "poll_watcher.h"
#include "wire/frame.h"

namespace nasgi::addon {

// Node's end of the control socket to a fork server and of the lifeline to all that runs below it,
// as the JavaScript class Control; documented in addon/lib/binding.js.
class Control : public Napi::ObjectWrap<Control> {
 public:
  static Napi::Function Define(Napi::Env env);
  // Null, with a TypeError pending, when `value` is not a Control.
  static Control* From(Napi::Value value);

  explicit Control(const Napi::CallbackInfo& info);
  ~Control() override;

  [[nodiscard]] int fd() const { return socket_.get(); }
  // Takes the packets that have come and hands each to JavaScript.
  void OnReadable();

 private:
  Napi::Value ChildFd(const Napi::CallbackInfo& info);
  Napi::Value LifelineFd(const Napi::CallbackInfo& info);
  Napi::Value Spawned(const Napi::CallbackInfo& info);
  Napi::Value Reaped(const Napi::CallbackInfo& info);
  Napi::Value Init(const Napi::CallbackInfo& info);
  Napi::Value Fork(const Napi::CallbackInfo& info);
  Napi::Value Kill(const Napi::CallbackInfo& info);
  Napi::Value Ref(const Napi::CallbackInfo& info);
  Napi::Value Unref(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  // The constructor; leaves an exception pending where it fails.
  void Open(const Napi::CallbackInfo& info);
  // The packet as an object for JavaScript; one of the type `corrupt` for what is no message.
  Napi::Object ToMessage(std::span<const std::byte> bytes);
  void Deliver(Napi::Object message);
  void CloseNow();
  static void OnEnvironmentEnd(void* self);
  // False: a JavaScript exception is pending.
  template <class Message>
  [[nodiscard]] bool Send(const Message& message, std::span<const int> fds = {});

  base::UniqueFd socket_;
  base::UniqueFd child_socket_;
  base::UniqueFd lifeline_;  // the write end: closing it is the signal
  base::UniqueFd child_lifeline_;
  base::UniqueFd child_process_;  // pidfd
  PollWatcher watcher_;
  bool hooked_ = false;
  Napi::FunctionReference on_message_;
  Napi::AsyncContext async_context_;
  std::vector<std::byte> packet_;
  wire::Frame frame_;
};

}  // namespace nasgi::addon
