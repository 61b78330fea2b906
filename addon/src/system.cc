#include "system.h"

#include <grp.h>
#include <pwd.h>
#include <sys/types.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/status.h"
#include "errors.h"
#include "js.h"
#include "os.h"

namespace nasgi::addon {

namespace {

// Bytes that the texts of one entry take at first, and at most (a group with very many members).
constexpr size_t kEntryRoom = 4096;
constexpr size_t kMaxEntryRoom = 1 << 22;

// Calls a function such as getpwnam_r, with more room until the entry fits. Null: no such entry.
template <class Entry, class Lookup>
Entry* Find(Entry* entry, std::vector<char>* room, const Lookup& lookup) {
  Entry* found = nullptr;
  room->resize(kEntryRoom);
  while (lookup(entry, room->data(), room->size(), &found) == ERANGE &&
         room->size() < kMaxEntryRoom) {
    room->resize(room->size() * 2);
  }
  return found;
}

Napi::Value FindUser(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  passwd entry{};
  std::vector<char> room;
  const passwd* found = nullptr;
  if (info[0].IsNumber()) {
    const uid_t uid = info[0].As<Napi::Number>().Uint32Value();
    found = Find(&entry, &room, [uid](auto... args) { return getpwuid_r(uid, args...); });
  } else {
    const std::string name = info[0].ToString().Utf8Value();
    found =
        Find(&entry, &room, [&name](auto... args) { return getpwnam_r(name.c_str(), args...); });
  }
  if (found == nullptr) return env.Null();
  Napi::Object user = Napi::Object::New(env);
  user.Set("name", std::string(found->pw_name));
  user.Set("uid", static_cast<double>(found->pw_uid));
  user.Set("gid", static_cast<double>(found->pw_gid));
  user.Set("home", std::string(found->pw_dir));
  return user;
}

Napi::Value FindGroup(const Napi::CallbackInfo& info) {
  const std::string name = info[0].ToString().Utf8Value();
  group entry{};
  std::vector<char> room;
  const group* found =
      Find(&entry, &room, [&name](auto... args) { return getgrnam_r(name.c_str(), args...); });
  if (found == nullptr) return info.Env().Null();
  return Napi::Number::New(info.Env(), static_cast<double>(found->gr_gid));
}

Napi::Value FindLandlock(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), LandlockVersion());
}

Napi::Value Protect(const Napi::CallbackInfo& info) {
  const base::Status status = KeepFromTracers();
  if (!status.ok()) ThrowNoResources(info.Env(), status);
  return {};
}

Napi::Value ProcessUsage(const Napi::CallbackInfo& info) {
  const Usage usage = UsageOf(static_cast<pid_t>(Uint32(info[0]))).value_or(Usage());
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("memory", usage.memory);
  result.Set("cpuTime", usage.cpu_time);
  result.Set("runs", usage.runs);
  return result;
}

}  // namespace

void DefineSystem(Napi::Env env, Napi::Object exports) {
  exports.Set("findUser", Napi::Function::New<FindUser>(env, "findUser"));
  exports.Set("findGroup", Napi::Function::New<FindGroup>(env, "findGroup"));
  exports.Set("landlockVersion", Napi::Function::New<FindLandlock>(env, "landlockVersion"));
  exports.Set("protect", Napi::Function::New<Protect>(env, "protect"));
  exports.Set("processUsage", Napi::Function::New<ProcessUsage>(env, "processUsage"));
}

}  // namespace nasgi::addon
