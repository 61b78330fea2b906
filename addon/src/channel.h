#pragma once

#include <napi.h>

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "base/fd_passing.h"
#include "chunk_pool.h"
#include "poll_watcher.h"
#include "shm/endpoint.h"
#include "shm/spinner.h"
#include "streams.h"
#include "turn_end.h"
#include "wire/control.h"

namespace nasgi::addon {

// Node's end of a worker's two rings, as the JavaScript class Channel. addon/lib/binding.js
// documents its methods for JavaScript. channel.cc holds its life in the event loop,
// channel_send.cc the methods that send frames to the worker.
//
// Thread safety: the environment's own thread. Environments share nothing.
// Lifetime: JavaScript owns the object; its function `request` keeps it alive, too. Close() unmaps
// the rings, or the event loop does after corruption; within a callback into JavaScript the rings
// stay until the callback has returned. On a closed channel request() and connect() throw
// ERR_CLOSED, and every other method does nothing.
// Failure: a method that fails leaves a JavaScript exception pending and returns an empty value. A
// worker that breaks the protocol is reported as one CORRUPT event, after which the channel is
// closed.
class Channel : public Napi::ObjectWrap<Channel> {
 public:
  static constexpr const char* kClassName = "Channel";
  static constexpr napi_type_tag kTypeTag = {0x8c6f3d1e5b7a4920, 0x9d3f60a1c2e84b57};

  [[nodiscard]] static Napi::Function Define(Napi::Env env);

  explicit Channel(const Napi::CallbackInfo& info);

  // The descriptors that the worker inherits with Fork, except for its output; borrowed. False,
  // with ERR_CLOSED pending: the channel is closed.
  [[nodiscard]] bool WorkerFds(std::array<int, wire::kForkFds>* fds) const;
  // The worker has been sent its descriptors. Its ends of the sockets are closed here, so that the
  // worker's end of the bell is closed when the worker has gone.
  void CloseWorkerFds();

 private:
  // --- channel.cc ---------------------------------------------------------------------------

  Napi::Value Wait(const Napi::CallbackInfo& info);
  Napi::Value Drain(const Napi::CallbackInfo& info);
  Napi::Value TakeFile(const Napi::CallbackInfo& info);
  Napi::Value Recycle(const Napi::CallbackInfo& info);
  Napi::Value Ring(const Napi::CallbackInfo& info);
  Napi::Value Look(const Napi::CallbackInfo& info);
  Napi::Value Usage(const Napi::CallbackInfo& info);
  Napi::Value Ref(const Napi::CallbackInfo& info);
  Napi::Value Unref(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  // The body of the constructor; leaves an exception pending where it fails.
  void Open(const Napi::CallbackInfo& info);
  void OnBell();
  // The ring is empty. True: a frame has come while it looked for one; false: it has come to rest
  // until it is called back.
  [[nodiscard]] bool AwaitMore();
  // Whether somebody waits for the next frame.
  [[nodiscard]] bool MaySpin() const;
  // Tells JavaScript, once, that the worker has closed its end of the bell.
  void OnHangUp();
  // Takes a bounded number of frames from the ring and hands them to JavaScript in one call.
  [[nodiscard]] shm::Endpoint::Drained DrainOnce();
  void CloseNow();

  // --- channel_send.cc ----------------------------------------------------------------------

  // `request` is a function of its own for each channel, because finding the object behind `this`
  // takes 0.1 µs.
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
  Napi::Value Ping(const Napi::CallbackInfo& info);

  // False, with ERR_CLOSED pending: the channel is closed.
  [[nodiscard]] bool CheckOpen() const;
  // Reads the head of a request into head_ and normalizes it. Requires an open channel. False, with
  // an exception pending: HTTP or the ring cannot carry it.
  [[nodiscard]] bool ReadHead(Napi::Value value);
  // The stream that JavaScript may still send on; null when it has ended or was aborted, or the
  // channel is closed.
  [[nodiscard]] Stream* LiveStream(uint32_t id);
  // Sends a frame that fits the ring. Requires an open channel.
  template <class Message>
  void SendFrame(const Message& message, shm::Bell bell = shm::Bell::kAtOnce);

  int segment_fd_ = -1;                      // borrowed from endpoint_
  base::UniqueFd worker_bell_;               // until the worker has its end
  base::FdSockets files_;                    // on which the worker passes files on
  std::unique_ptr<shm::Endpoint> endpoint_;  // null once closed
  shm::Spinner spinner_{shm::SpinPolicy::Adaptive()};
  PollWatcher watcher_;
  TurnEnd turn_end_;
  Streams streams_;
  ChunkPool chunks_;
  Napi::FunctionReference on_events_;
  Napi::AsyncContext async_context_;
  std::vector<char> head_room_ = std::vector<char>(4096);  // grows to the longest head so far
  std::string_view head_;                                  // what ReadHead() read, in head_room_
  int depth_ = 0;         // callbacks into JavaScript under way, during which endpoint_ stays
  bool heard_ = false;    // JavaScript got something other than credit since the last wake-up
  bool hung_up_ = false;  // the worker can no longer wake this process
  bool closing_ = false;  // endpoint_ goes as soon as depth_ allows it
};

}  // namespace nasgi::addon
