// Runs the program as the kernel would, with the numbers of both architectures written out, so that
// a header which is wrong, or one of another architecture, does not go unnoticed.
#include "process/seccomp_filter.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <vector>

namespace nasgi::worker {
namespace {

#if defined(__x86_64__)
constexpr size_t kHere = 0;
#elif defined(__aarch64__)
constexpr size_t kHere = 1;
#endif

constexpr std::array<uint32_t, 2> kArchitectures = {0xC000003E, 0xC00000B7};

constexpr uint32_t kNone = UINT32_MAX;

struct Call {
  const char* name;
  std::array<uint32_t, 2> numbers;  // on x86-64 and on arm64
  [[nodiscard]] uint32_t number() const { return numbers.at(kHere); }
};

constexpr Call kRefused[] = {
    {"ptrace", {101, 117}},
    {"process_vm_readv", {310, 270}},
    {"process_vm_writev", {311, 271}},
    {"kcmp", {312, 272}},
    {"pidfd_getfd", {438, 438}},
    {"process_madvise", {440, 440}},
    {"unshare", {272, 97}},
    {"setns", {308, 268}},
    {"mount", {165, 40}},
    {"umount2", {166, 39}},
    {"pivot_root", {155, 41}},
    {"chroot", {161, 51}},
    {"swapon", {167, 224}},
    {"swapoff", {168, 225}},
    {"quotactl", {179, 60}},
    {"name_to_handle_at", {303, 264}},
    {"open_by_handle_at", {304, 265}},
    {"open_tree", {428, 428}},
    {"move_mount", {429, 429}},
    {"fsopen", {430, 430}},
    {"fsconfig", {431, 431}},
    {"fsmount", {432, 432}},
    {"fspick", {433, 433}},
    {"mount_setattr", {442, 442}},
    {"bpf", {321, 280}},
    {"keyctl", {250, 219}},
    {"add_key", {248, 217}},
    {"request_key", {249, 218}},
    {"kexec_load", {246, 104}},
    {"kexec_file_load", {320, 294}},
    {"init_module", {175, 105}},
    {"finit_module", {313, 273}},
    {"delete_module", {176, 106}},
    {"perf_event_open", {298, 241}},
    {"userfaultfd", {323, 282}},
    {"reboot", {169, 142}},
    {"acct", {163, 89}},
    {"syslog", {103, 116}},
    {"settimeofday", {164, 170}},
    {"clock_settime", {227, 112}},
    {"adjtimex", {159, 171}},
    {"clock_adjtime", {305, 266}},
    {"sethostname", {170, 161}},
    {"setdomainname", {171, 162}},
    {"vhangup", {153, 58}},
    {"iopl", {172, kNone}},
    {"ioperm", {173, kNone}},
    {"modify_ldt", {154, kNone}},
    {"uselib", {134, kNone}},
};

constexpr Call kUnknown[] = {
    {"clone3", {435, 435}},
    {"io_uring_setup", {425, 425}},
    {"io_uring_enter", {426, 426}},
    {"io_uring_register", {427, 427}},
};

constexpr Call kAllowed[] = {
    {"read", {0, 63}},      {"write", {1, 64}},      {"openat", {257, 56}},
    {"execve", {59, 221}},  {"futex", {202, 98}},    {"mmap", {9, 222}},
    {"connect", {42, 203}}, {"wait4", {61, 260}},    {"kill", {62, 129}},
    {"pipe2", {293, 59}},   {"getpid", {39, 172}},   {"exit_group", {231, 94}},
    {"sendmsg", {46, 211}}, {"openat2", {437, 437}}, {"unlinkat", {263, 35}},
};

constexpr Call kClone = {"clone", {56, 220}};
constexpr Call kSocket = {"socket", {41, 198}};
constexpr Call kSocketPair = {"socketpair", {53, 199}};

constexpr uint32_t Error(int error) { return SECCOMP_RET_ERRNO | static_cast<uint32_t>(error); }

uint32_t Operand(const seccomp_data& data, uint32_t offset) {
  uint32_t value = 0;
  std::memcpy(&value, reinterpret_cast<const char*>(&data) + offset, sizeof(value));
  return value;
}

// The verdict of the filter. Fails for an instruction that it does not know, and for a jump past
// the end, as the kernel does.
uint32_t Evaluate(const std::vector<sock_filter>& program, const seccomp_data& data) {
  uint32_t accumulator = 0;
  for (size_t i = 0; i < program.size(); ++i) {
    const auto& [code, if_true, if_false, k] = program[i];
    const auto jump = [&](bool condition) { i += condition ? if_true : if_false; };
    switch (code) {
      case BPF_LD | BPF_W | BPF_ABS:
        accumulator = Operand(data, k);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= k;
        break;
      case BPF_JMP | BPF_JA:
        i += k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump(accumulator == k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump(accumulator >= k);
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        jump((accumulator & k) != 0);
        break;
      case BPF_RET | BPF_K:
        return k;
      default:
        ADD_FAILURE() << "an instruction with the code " << code;
        return 0;
    }
  }
  ADD_FAILURE() << "the program has no end";
  return 0;
}

class SeccompFilterTest : public testing::Test {
 protected:
  [[nodiscard]] uint32_t Verdict(uint32_t number, std::initializer_list<uint64_t> arguments = {},
                                 uint32_t architecture = kArchitectures.at(kHere)) const {
    seccomp_data data{};
    data.nr = static_cast<int>(number);
    data.arch = architecture;
    size_t i = 0;
    for (const uint64_t argument : arguments) data.args[i++] = argument;
    return Evaluate(program_, data);
  }

  const std::vector<sock_filter> program_ = SystemCallFilter();
};

TEST_F(SeccompFilterTest, EveryDangerousCallIsRefusedByItsNumberHere) {
  for (const Call& call : kRefused) {
    if (call.number() == kNone) continue;
    EXPECT_EQ(Verdict(call.number()), Error(EPERM)) << call.name;
  }
}

TEST_F(SeccompFilterTest, CallsWithoutWhichProgramsDoAreUnknown) {
  for (const Call& call : kUnknown) EXPECT_EQ(Verdict(call.number()), Error(ENOSYS)) << call.name;
}

TEST_F(SeccompFilterTest, NothingElseIsRefused) {
  for (const Call& call : kAllowed) {
    EXPECT_EQ(Verdict(call.number()), SECCOMP_RET_ALLOW) << call.name;
  }
  // Each of the lists is complete: no other number is refused.
  constexpr uint32_t kNumbers = 1024;
  size_t refused = 0;
  size_t expected = std::size(kUnknown);
  for (uint32_t number = 0; number < kNumbers; ++number) {
    // The arguments are those of socket(AF_INET, SOCK_STREAM).
    if (Verdict(number, {AF_INET, SOCK_STREAM}) != SECCOMP_RET_ALLOW) ++refused;
  }
  for (const Call& call : kRefused) expected += call.number() == kNone ? 0 : 1;
  EXPECT_EQ(refused, expected);
}

TEST_F(SeccompFilterTest, CallsOfAnotherArchitectureAreRefused) {
  EXPECT_EQ(Verdict(kAllowed[0].number(), {}, kArchitectures.at(1 - kHere)), Error(EPERM));
  constexpr uint32_t kI386 = 0x40000003;
  EXPECT_EQ(Verdict(kAllowed[0].number(), {}, kI386), Error(EPERM));
  constexpr uint32_t kX32 = 0x40000000;
  EXPECT_EQ(Verdict(kX32 | kAllowed[0].number()), Error(ENOSYS));
}

TEST_F(SeccompFilterTest, ThreadsMayBeStartedButNoNamespaces) {
  constexpr uint64_t kThread = 0x3D0F00;
  EXPECT_EQ(Verdict(kClone.number(), {kThread}), SECCOMP_RET_ALLOW);
  for (const uint32_t flag :
       {0x20000U, 0x2000000U, 0x4000000U, 0x8000000U, 0x10000000U, 0x20000000U, 0x40000000U}) {
    EXPECT_EQ(Verdict(kClone.number(), {kThread | flag}), Error(EPERM)) << flag;
  }
}

TEST_F(SeccompFilterTest, SocketsOfKnownFamiliesAreNotRaw) {
  for (const Call& call : {kSocket, kSocketPair}) {
    for (const uint64_t family :
         std::initializer_list<uint64_t>{AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}) {
      EXPECT_EQ(Verdict(call.number(), {family, SOCK_STREAM}), SECCOMP_RET_ALLOW) << family;
    }
    for (const uint64_t family :
         std::initializer_list<uint64_t>{AF_PACKET, AF_ALG, AF_VSOCK, 0, 99}) {
      EXPECT_EQ(Verdict(call.number(), {family, SOCK_STREAM}), Error(EPERM)) << family;
    }
  }
  for (const uint64_t type :
       std::initializer_list<uint64_t>{SOCK_RAW | 0, SOCK_RAW | SOCK_CLOEXEC}) {
    EXPECT_EQ(Verdict(kSocket.number(), {AF_INET, type}), Error(EPERM));
    EXPECT_EQ(Verdict(kSocket.number(), {AF_INET6, type}), Error(EPERM));
    EXPECT_EQ(Verdict(kSocket.number(), {AF_NETLINK, type}), SECCOMP_RET_ALLOW);
  }
}

}  // namespace
}  // namespace nasgi::worker
