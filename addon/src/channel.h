#pragma once

#include <napi.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control.h"
#include "poll_watcher.h"
#include "shm/endpoint.h"
#include "shm/spinner.h"
#include "streams.h"
#include "turn_end.h"
#include "wire/control.h"

namespace nasgi::addon {

// Node's end of a worker's two rings, as the JavaScript class Channel. What each method does is
// documented in addon/lib/binding.js.
//
// Thread safety: an environment's own thread. Nothing is shared between environments.
class Channel : public Napi::ObjectWrap<Channel> {
 public:
  static Napi::Function Define(Napi::Env env);
  // Null, with a TypeError pending, when `value` is not a Channel.
  static Channel* From(Napi::Value value);

  explicit Channel(const Napi::CallbackInfo& info);

  // The descriptors for the worker, to be sent with Fork; borrowed. False: the channel is closed.
  [[nodiscard]] bool WorkerFds(std::array<int, wire::kForkFds>* fds) const;

 private:
  // The JavaScript function request: a function of its own for each channel, because finding the
  // object behind `this` takes 0.1 µs.
  [[nodiscard]] bool DefineRequest(Napi::Object self);
  static napi_value OnRequest(napi_env env, napi_callback_info info);
  Napi::Value Request(Napi::Value head, Napi::Value bytes, Napi::Value ends);
  Napi::Value Connect(const Napi::CallbackInfo& info);
  Napi::Value SendMessage(const Napi::CallbackInfo& info);
  Napi::Value CloseSocket(const Napi::CallbackInfo& info);
  Napi::Value Write(const Napi::CallbackInfo& info);
  Napi::Value Consumed(const Napi::CallbackInfo& info);
  Napi::Value Abort(const Napi::CallbackInfo& info);
  Napi::Value Cancel(const Napi::CallbackInfo& info);
  Napi::Value Stop(const Napi::CallbackInfo& info);
  Napi::Value Ring(const Napi::CallbackInfo& info);
  Napi::Value Ping(const Napi::CallbackInfo& info);
  Napi::Value Wait(const Napi::CallbackInfo& info);
  Napi::Value Drain(const Napi::CallbackInfo& info);
  Napi::Value Ref(const Napi::CallbackInfo& info);
  Napi::Value Unref(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  // The constructor; leaves an exception pending where it fails.
  void Open(const Napi::CallbackInfo& info);
  void OnBell();
  // Takes what has come, at most a bounded number of frames, and hands it to JavaScript.
  shm::Endpoint::Drained DrainOnce();
  void Deliver(EventArray* events);
  void CloseNow();
  [[nodiscard]] bool ReadHead(Napi::Value value);
  template <class Message>
  void SendFrame(const Message& message, shm::Bell bell = shm::Bell::kAtOnce);

  int segment_fd_ = -1;                      // borrowed from endpoint_
  int worker_bell_fd_ = -1;                  // likewise
  std::unique_ptr<shm::Endpoint> endpoint_;  // null once closed
  shm::Spinner spinner_;
  PollWatcher watcher_;
  TurnEnd turn_end_;
  Streams streams_;
  Napi::FunctionReference on_events_;
  Napi::AsyncContext async_context_;
  std::vector<char> head_room_ = std::vector<char>(4096);  // grows to the longest head there was
  std::string_view head_;                                  // the last one that was read, in it
  int depth_ = 0;  // of OnBell; while it runs, endpoint_ stays
  bool closing_ = false;
};

}  // namespace nasgi::addon
