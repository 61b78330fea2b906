#include "channel/channel.h"

#include <tuple>
#include <utility>

#include "asgi/http_cycle.h"
#include "asgi/websocket_cycle.h"
#include "py/box.h"

namespace nasgi::worker {

using py::Ref;

namespace {

// Frames taken in one turn of the loop. The limit lets the app's other work run in between.
constexpr size_t kFramesATurn = 64;

// Seconds. An app that sends a start and its body apart sends them as one frame if less time than
// this is between them. More would be felt by those who wait for the head of an event stream.
constexpr double kHeadDelay = 0.004;

const ModuleState* StateOf(const Ref& module) {
  return static_cast<const ModuleState*>(PyModule_GetState(module.get()));
}

// Whether a cycle has taken the frame. False: the frame breaks the protocol.
bool Taken(Delivery delivery) {
  if (delivery == Delivery::kOutOfMemory) Py_FatalError("node-asgi: out of memory for a frame");
  return delivery == Delivery::kTaken;
}

}  // namespace

Channel::Channel(Ref module, std::unique_ptr<shm::Endpoint> endpoint, base::UniqueFd files,
                 const std::array<int, kFds>& fds)
    : Host(StateOf(module), endpoint.get(), files.get()),
      module_(std::move(module)),
      fds_(fds),
      files_(std::move(files)),
      endpoint_(std::move(endpoint)) {}

Channel::~Channel() {
  // In a forked child, its addresses and descriptors may stand for something else by now.
  if (::getpid() == pid_) return;
  std::ignore = endpoint_.release();
  std::ignore = files_.release();
}

void Channel::CloseInChild() {
  if (::getpid() == pid_) return;
  for (const int fd : fds_) ::close(fd);
}

template <class Message, class Handle>
bool Channel::ToCycle(Handle handle) {
  Message message;
  if (!frame_.Get(&message)) return false;
  const auto found = cycles_.find(message.stream);
  return found == cycles_.end() || Taken(handle(*found->second.cycle, message));
}

void Channel::Call(const Ref& callback, const Ref& argument) {
  if (!callback || callback.get() == Py_None) return;
  const Ref result =
      Ref::Steal(PyObject_CallFunctionObjArgs(callback.get(), argument.get(), nullptr));
  py::ReportUnraisable(callback.get());
}

void Channel::CycleEnded(uint32_t stream) {
  cycles_.erase(stream);
  if (cycles_.empty()) Call(on_idle);
}

void Channel::StartHeld(uint32_t stream, uint64_t ticket) {
  new_starts_.push_back({stream, ticket});
  if (timing_ || TimeHeads()) return;
  py::ReportUnraisable(self_);
}

bool Channel::TimeHeads() {
  const Ref handle = Ref::Steal(PyObject_CallFunctionObjArgs(call_later_.get(), head_delay_.get(),
                                                             send_heads_.get(), nullptr));
  timing_ = static_cast<bool>(handle);
  return timing_;
}

bool Channel::SendHeads() {
  timing_ = false;
  for (const HeldStart& held : std::exchange(old_starts_, std::exchange(new_starts_, {}))) {
    const auto found = cycles_.find(held.stream);
    if (found != cycles_.end()) found->second.cycle->SendHead(held.ticket);
  }
  return old_starts_.empty() || !call_later_ || TimeHeads();
}

bool Channel::Start(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* keywords[] = {"app",       "spawn",          "spawn_options", "state",
                                   "root_path", "describe_error", "write_error",   "on_stop",
                                   "spin",      nullptr};
  PyObject* app = nullptr;
  PyObject* spawn = nullptr;
  PyObject* spawn_options = nullptr;
  PyObject* lifespan_state = nullptr;
  const char* root_path = nullptr;
  PyObject* describe_error = nullptr;
  PyObject* write_error = nullptr;
  PyObject* on_stop = nullptr;
  PyObject* spin = nullptr;
  if (PyArg_ParseTupleAndKeywords(args, kwargs, "OO$O!OsOOOO:start", const_cast<char**>(keywords),
                                  &app, &spawn, &PyDict_Type, &spawn_options, &lifespan_state,
                                  &root_path, &describe_error, &write_error, &on_stop,
                                  &spin) == 0) {
    return false;
  }
  if (lifespan_state != Py_None && !PyDict_Check(lifespan_state)) {
    PyErr_SetString(PyExc_TypeError, "state must be a dict or None");
    return false;
  }
  if (spin != Py_None) {
    const unsigned long limit = PyLong_AsUnsignedLong(spin);
    if (PyErr_Occurred() != nullptr) return false;
    spinner_ = shm::Spinner(shm::SpinPolicy::Fixed(std::chrono::microseconds(limit)));
  }
  const Ref asyncio = Ref::Steal(PyImport_ImportModule("asyncio"));
  const Ref loop =
      asyncio ? Ref::Steal(PyObject_CallMethod(asyncio.get(), "get_running_loop", nullptr)) : Ref();
  if (!loop) return false;
  const MethodNames& methods = state().method_names;
  Ref create_future = Ref::Steal(PyObject_GetAttr(loop.get(), methods.create_future.get()));
  call_soon_ = Ref::Steal(PyObject_GetAttr(loop.get(), methods.call_soon.get()));
  resume_ = Ref::Steal(PyObject_GetAttrString(self, "resume"));
  call_later_ = Ref::Steal(PyObject_GetAttr(loop.get(), methods.call_later.get()));
  send_heads_ = Ref::Steal(PyObject_GetAttrString(self, "send_heads"));
  head_delay_ = Ref::Steal(PyFloat_FromDouble(kHeadDelay));
  if (!create_future || !call_soon_ || !resume_ || !call_later_ || !send_heads_ || !head_delay_) {
    return false;
  }
  sender().set_create_future(std::move(create_future));
  application_ = {Ref::Borrow(app), Ref::Borrow(describe_error), Ref::Borrow(write_error)};
  self_ = self;
  spawn_ = Ref::Borrow(spawn);
  spawn_options_ = Ref::Borrow(spawn_options);
  on_stop_ = Ref::Borrow(on_stop);
  scopes_.emplace(state().names, lifespan_state == Py_None ? Ref() : Ref::Borrow(lifespan_state),
                  root_path);
  return true;
}

bool Channel::Drain() {
  if (!resume_) {
    PyErr_SetString(PyExc_RuntimeError, "drain() was called before start()");
    return false;
  }
  spinner_.Woken(endpoint_->Wake());
  return TakeFrames();
}

bool Channel::Resume() {
  resuming_ = false;
  if (!resume_) return true;
  // Already awake: the bell has not rung, so the system call that clears it is not needed.
  spinner_.Refill();
  return TakeFrames();
}

bool Channel::TakeFrames() {
  size_t taken = 0;
  bool room = false;
  shm::Endpoint::Drained drained{};
  do {
    drained = endpoint_->Drain(kFramesATurn, [&](std::span<const std::byte> bytes) {
      ++taken;
      return OnFrame(bytes);
    });
    // After the drain, which has sent as much of the backlog as there was room for: Sleep() asks
    // Node for a bell about room only while there is a backlog.
    room = !sender().backlogged() && !sender().room_waiters().empty();
    if (room) sender().room_waiters().Wake(state().method_names);
    // Spin only while every task waits for Node: other tasks may have work for the loop. A turn
    // ends with the first frames that it finds, so its time is never used up by finding them.
  } while (taken == 0 && drained == shm::Endpoint::Drained::kEmpty && !room &&
           waiting() == cycles_.size() &&
           spinner_.Spin(endpoint_.get()) == shm::Spinner::Outcome::kRecord);
  if (drained == shm::Endpoint::Drained::kCorrupt) {
    Py_FatalError("node-asgi: the ring from Node is corrupt");
  }
  if (drained == shm::Endpoint::Drained::kBusy) return true;
  // After work, the worker looks again once the tasks just started have had their turn. It stays
  // awake until then, so that Node need not ring.
  if (taken == 0 && endpoint_->Sleep()) return true;
  if (resuming_) return true;
  const Ref handle =
      Ref::Steal(PyObject_CallFunctionObjArgs(call_soon_.get(), resume_.get(), nullptr));
  resuming_ = static_cast<bool>(handle);
  return resuming_;
}

bool Channel::OnFrame(std::span<const std::byte> bytes) {
  if (!frame_.Parse(bytes)) return false;
  if (frame_.type() == wire::MessageType::kPart) return OnPart();
  return !joiner_.joining() && OnParsed();
}

bool Channel::OnPart() {
  wire::Part part;
  if (!frame_.Get(&part) || !joiner_.Take(part)) return false;
  if (!part.end) return true;
  const std::vector<std::byte> whole = joiner_.Release();
  return frame_.Parse(whole) && OnParsed();
}

bool Channel::OnParsed() {
  switch (frame_.type()) {
    case wire::MessageType::kRequest: {
      wire::Request request;
      return frame_.Get(&request) && OnRequest(request);
    }
    case wire::MessageType::kConnect: {
      wire::Connect connect;
      return frame_.Get(&connect) && OnConnect(connect);
    }
    case wire::MessageType::kBody:
      return ToCycle<wire::Body>(
          [](Cycle& cycle, const wire::Body& body) { return cycle.OnBody(body.bytes, body.end); });
    case wire::MessageType::kMessage:
      return ToCycle<wire::SocketMessage>([](Cycle& cycle, const wire::SocketMessage& message) {
        return cycle.OnMessage(message);
      });
    case wire::MessageType::kClose:
      return ToCycle<wire::Close>(
          [](Cycle& cycle, const wire::Close& close) { return cycle.OnClose(close); });
    case wire::MessageType::kCredit:
      return ToCycle<wire::Credit>(
          [](Cycle& cycle, const wire::Credit& credit) { return cycle.OnCredit(credit.bytes); });
    case wire::MessageType::kDisconnect:
      return ToCycle<wire::Disconnect>([](Cycle& cycle, const wire::Disconnect&) {
        cycle.OnDisconnect();
        return Delivery::kTaken;
      });
    case wire::MessageType::kCancel:
      return ToCycle<wire::Cancel>([this](Cycle& cycle, const wire::Cancel&) {
        CancelTask(cycle.task());
        return Delivery::kTaken;
      });
    case wire::MessageType::kStop: {
      wire::Stop stop;
      if (!frame_.Get(&stop)) return false;
      const Ref patience = Ref::Steal(PyLong_FromUnsignedLong(stop.patience));
      Call(on_stop_, patience);
      return true;
    }
    case wire::MessageType::kPing: {
      wire::Ping ping;
      if (!frame_.Get(&ping)) return false;
      sender().SendFrame(wire::Pong{});
      return true;
    }
    default:
      return false;
  }
}

bool Channel::OnRequest(const wire::Request& request) {
  RequestTraits traits;
  Ref scope = scopes_->Http(request.head, &traits);
  const Ref failure = scope ? Ref() : py::TakeException();
  Ref object = Ref::Steal(py::Box<HttpCycle>::New(py::AsType(state().http_cycle_type), this,
                                                  Ref::Borrow(self_), request.stream,
                                                  std::move(scope), traits));
  if (!object) Py_FatalError("node-asgi: out of memory for a request");
  HttpCycle& cycle = py::Box<HttpCycle>::Of(object.get());
  if (!Add(request.stream, object, &cycle) || !Taken(cycle.OnBody(request.body, request.end))) {
    return false;
  }
  Run(object.get(), &cycle, failure);
  return true;
}

bool Channel::OnConnect(const wire::Connect& connect) {
  RequestTraits traits;
  Ref scope = scopes_->WebSocket(connect.head, &traits);
  const Ref failure = scope ? Ref() : py::TakeException();
  Ref object = Ref::Steal(py::Box<WebSocketCycle>::New(py::AsType(state().websocket_cycle_type),
                                                       this, Ref::Borrow(self_), connect.stream,
                                                       std::move(scope), traits));
  if (!object) Py_FatalError("node-asgi: out of memory for a WebSocket");
  Cycle& cycle = py::Box<WebSocketCycle>::Of(object.get());
  if (!Add(connect.stream, object, &cycle)) return false;
  Run(object.get(), &cycle, failure);
  return true;
}

bool Channel::Add(uint32_t stream, Ref object, Cycle* cycle) {
  return stream != 0 && cycles_.try_emplace(stream, Entry{std::move(object), cycle}).second;
}

void Channel::Run(PyObject* object, Cycle* cycle, const Ref& failure) {
  if (failure) {
    py::SetException(failure.get());
    cycle->FailToStart();
    return;
  }
  const Ref arguments = Ref::Steal(PyTuple_Pack(1, object));
  Ref task = arguments
                 ? Ref::Steal(PyObject_Call(spawn_.get(), arguments.get(), spawn_options_.get()))
                 : Ref();
  if (task) {
    cycle->set_task(std::move(task));
  } else {
    cycle->FailToStart();
  }
}

void Channel::CancelTask(const Ref& task) {
  if (!task) return;
  const Ref cancelled = Ref::Steal(
      PyObject_CallMethodObjArgs(task.get(), state().method_names.cancel.get(), nullptr));
  py::ReportUnraisable(task.get());
}

void Channel::CancelAll() {
  std::vector<Ref> tasks;
  tasks.reserve(cycles_.size());
  for (const auto& [stream, entry] : cycles_) tasks.push_back(entry.cycle->task());
  for (const Ref& task : tasks) CancelTask(task);
}

bool Channel::Flush() {
  endpoint_->Wake();
  return !sender().backlogged();
}

int Channel::Traverse(visitproc visit, void* arg) const {
  if (const int stop = py::Visit(visit, arg, module_, application_.app, application_.describe_error,
                                 application_.write_error, spawn_, spawn_options_, on_stop_,
                                 call_soon_, resume_, call_later_, send_heads_, on_idle);
      stop != 0) {
    return stop;
  }
  for (const auto& [stream, entry] : cycles_) {
    if (const int stop = py::Visit(visit, arg, entry.object); stop != 0) return stop;
  }
  if (scopes_) {
    if (const int stop = scopes_->Traverse(visit, arg); stop != 0) return stop;
  }
  return sender().Traverse(visit, arg);
}

void Channel::Clear() {
  for (Ref* ref :
       {&application_.app, &application_.describe_error, &application_.write_error, &spawn_,
        &spawn_options_, &on_stop_, &call_soon_, &resume_, &call_later_, &send_heads_, &on_idle}) {
    *ref = {};
  }
  sender().Clear();
  std::exchange(cycles_, {}).clear();
  scopes_.reset();
}

}  // namespace nasgi::worker
