#include "process/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "base/unique_fd.h"
#include "py/ref.h"

namespace nasgi::worker {

using py::Ref;

namespace {

// From linux/landlock.h, which is older on the machine that builds than on those that run. The
// numbers of the calls are the same on every architecture.
constexpr long kCreateRuleset = 444;
constexpr long kAddRule = 445;
constexpr long kRestrictSelf = 446;
constexpr uint32_t kVersionFlag = 1;
constexpr int kRulePathBeneath = 1;

struct RulesetAttributes {
  uint64_t handled_files = 0;
  uint64_t handled_network = 0;
  uint64_t scoped = 0;
};

struct [[gnu::packed]] PathRule {
  uint64_t allowed = 0;
  int32_t parent = -1;
};

constexpr uint64_t kExecute = 1 << 0;
constexpr uint64_t kWriteFile = 1 << 1;
constexpr uint64_t kReadFile = 1 << 2;
constexpr uint64_t kReadDirectory = 1 << 3;
constexpr uint64_t kRemoveDirectory = 1 << 4;
constexpr uint64_t kRemoveFile = 1 << 5;
constexpr uint64_t kMakeDirectory = 1 << 7;
constexpr uint64_t kMakeFile = 1 << 8;
constexpr uint64_t kMakeSocket = 1 << 9;
constexpr uint64_t kMakeFifo = 1 << 10;
constexpr uint64_t kMakeLink = 1 << 12;
constexpr uint64_t kRefer = 1 << 13;     // version 2: linking and renaming across directories
constexpr uint64_t kTruncate = 1 << 14;  // version 3
constexpr uint64_t kDeviceIo = 1 << 15;  // version 5: ioctl on devices

constexpr uint64_t kAllOfVersion1 = (1 << 13) - 1;

constexpr uint64_t kRead = kExecute | kReadFile | kReadDirectory;
constexpr uint64_t kWrite = kReadFile | kReadDirectory | kWriteFile | kRemoveDirectory |
                            kRemoveFile | kMakeDirectory | kMakeFile | kMakeSocket | kMakeFifo |
                            kMakeLink | kRefer | kTruncate;
// What a rule for a single file may allow.
constexpr uint64_t kOfFiles = kExecute | kReadFile | kWriteFile | kTruncate | kDeviceIo;

constexpr uint64_t kScopeAbstractSockets = 1 << 0;
constexpr uint64_t kScopeSignals = 1 << 1;

RulesetAttributes AttributesOf(long version) {
  RulesetAttributes attributes;
  attributes.handled_files = kAllOfVersion1;
  if (version >= 2) attributes.handled_files |= kRefer;
  if (version >= 3) attributes.handled_files |= kTruncate;
  if (version >= 5) attributes.handled_files |= kDeviceIo;
  if (version >= 6) attributes.scoped = kScopeAbstractSockets | kScopeSignals;
  return attributes;
}

// Allows `access` below each path of a list, and appends paths that cannot be opened to `missing`.
bool AddRules(int ruleset, PyObject* paths, uint64_t access, PyObject* missing) {
  const Py_ssize_t count = PyList_Size(paths);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* path = PyList_GetItem(paths, i);  // borrowed
    PyObject* converted = nullptr;
    if (PyUnicode_FSConverter(path, static_cast<void*>(&converted)) == 0) return false;
    const Ref bytes = Ref::Steal(converted);
    const base::UniqueFd fd(open(PyBytes_AsString(bytes.get()), O_PATH | O_CLOEXEC));
    struct stat status{};
    if (!fd.valid() || fstat(fd.get(), &status) != 0) {
      if (PyList_Append(missing, path) != 0) return false;
      continue;
    }
    const PathRule rule = {S_ISDIR(status.st_mode) ? access : access & kOfFiles, fd.get()};
    if (syscall(kAddRule, ruleset, kRulePathBeneath, &rule, 0) != 0) {
      PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
      return false;
    }
  }
  return true;
}

}  // namespace

PyObject* RestrictFiles(PyObject* /*module*/, PyObject* args) {
  PyObject* read = nullptr;
  PyObject* write = nullptr;
  if (PyArg_ParseTuple(args, "O!O!:restrict_files", &PyList_Type, &read, &PyList_Type, &write) ==
      0) {
    return nullptr;
  }
  const long version = syscall(kCreateRuleset, nullptr, 0, kVersionFlag);
  if (version < 0) return PyErr_SetFromErrno(PyExc_OSError);
  const RulesetAttributes attributes = AttributesOf(version);
  const base::UniqueFd ruleset(
      static_cast<int>(syscall(kCreateRuleset, &attributes, sizeof(attributes), 0)));
  if (!ruleset.valid()) return PyErr_SetFromErrno(PyExc_OSError);
  Ref missing = Ref::Steal(PyList_New(0));
  const uint64_t handled = attributes.handled_files;
  if (!missing || !AddRules(ruleset.get(), read, kRead & handled, missing.get()) ||
      !AddRules(ruleset.get(), write, kWrite & handled, missing.get())) {
    return nullptr;
  }
  if (syscall(kRestrictSelf, ruleset.get(), 0) != 0) return PyErr_SetFromErrno(PyExc_OSError);
  return missing.release();
}

}  // namespace nasgi::worker
