#include "system.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/status.h"
#include "errors.h"

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

// From linux/landlock.h, which is older on the machine that builds than on those that run.
Napi::Value LandlockVersion(const Napi::CallbackInfo& info) {
  constexpr long kCreateRuleset = 444;
  constexpr uint32_t kVersionFlag = 1;
  const long version = syscall(kCreateRuleset, nullptr, 0, kVersionFlag);
  return Napi::Number::New(info.Env(), static_cast<double>(version < 0 ? 0 : version));
}

Napi::Value Protect(const Napi::CallbackInfo& info) {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    ThrowNoResources(info.Env(), base::Status::FromErrno("prctl", errno));
  }
  return {};
}

}  // namespace

void DefineSystem(Napi::Env env, Napi::Object exports) {
  exports.Set("findUser", Napi::Function::New<FindUser>(env, "findUser"));
  exports.Set("findGroup", Napi::Function::New<FindGroup>(env, "findGroup"));
  exports.Set("landlockVersion", Napi::Function::New<LandlockVersion>(env, "landlockVersion"));
  exports.Set("protect", Napi::Function::New<Protect>(env, "protect"));
}

}  // namespace nasgi::addon
