#include "process/seccomp_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

namespace nasgi::worker {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the filter knows the system calls of x86-64 and arm64"
#endif

// Numbers from here on belong to the x32 calls of x86-64. arm64 has none that high.
constexpr uint32_t kX32 = 0x40000000;

// Newer than the headers of the machine that builds. The numbers are the same on both
// architectures.
constexpr uint32_t kIoUringSetup = 425;
constexpr uint32_t kIoUringEnter = 426;
constexpr uint32_t kIoUringRegister = 427;
constexpr uint32_t kOpenTree = 428;
constexpr uint32_t kMoveMount = 429;
constexpr uint32_t kFsOpen = 430;
constexpr uint32_t kFsConfig = 431;
constexpr uint32_t kFsMount = 432;
constexpr uint32_t kFsPick = 433;
constexpr uint32_t kClone3 = 435;
constexpr uint32_t kPidfdGetfd = 438;
constexpr uint32_t kProcessMadvise = 440;
constexpr uint32_t kMountSetattr = 442;

constexpr uint32_t kDenied[] = {
    // Other processes.
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    kPidfdGetfd,
    kProcessMadvise,
    // Namespaces and file systems.
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_swapon,
    SYS_swapoff,
    SYS_quotactl,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    kOpenTree,
    kMoveMount,
    kFsOpen,
    kFsConfig,
    kFsMount,
    kFsPick,
    kMountSetattr,
    // The kernel, and parts of it that few programs use and many attacks do.
    SYS_bpf,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_reboot,
    SYS_acct,
    SYS_syslog,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_vhangup,
#if defined(__x86_64__)
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
#endif
};

// Programs try these and do without when the kernel does not have them.
constexpr uint32_t kUnknown[] = {kClone3, kIoUringSetup, kIoUringEnter, kIoUringRegister};

constexpr uint32_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

constexpr uint32_t kSocketFamilies[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

// The bits of the type of a socket that are not flags.
constexpr uint32_t kSocketType = 0xf;

constexpr uint32_t Refuse(int error) {
  return SECCOMP_RET_ERRNO | (static_cast<uint32_t>(error) & SECCOMP_RET_DATA);
}

// The low half of an argument. Both architectures are little-endian.
constexpr uint32_t Argument(size_t index) {
  return static_cast<uint32_t>(offsetof(seccomp_data, args) + index * sizeof(uint64_t));
}

// Builds the program from blocks that a call which they do not concern passes through. Each block
// starts with the number of the call in the accumulator.
class Program {
 public:
  Program() {
    Load(offsetof(seccomp_data, arch));
    UnlessEqual(kArchitecture, 1);
    Skip(1);
    Return(Refuse(EPERM));
    LoadNumber();
    Add(BPF_JMP | BPF_JGE | BPF_K, kX32, 0, 1);
    Return(Refuse(ENOSYS));
  }

  void Deny(uint32_t number, uint32_t verdict) {
    UnlessEqual(number, 1);
    Return(verdict);
  }

  void DenyIfAnyBit(uint32_t number, size_t argument, uint32_t bits, uint32_t verdict) {
    UnlessEqual(number, 4);
    Load(Argument(argument));
    Add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    Return(verdict);
    LoadNumber();
  }

  // socket() and socketpair(), for other families than the known ones.
  void DenyOtherFamilies(uint32_t number) {
    constexpr auto kFamilies = static_cast<uint8_t>(std::size(kSocketFamilies));
    UnlessEqual(number, kFamilies + 3);
    Load(Argument(0));
    for (uint8_t i = 0; i < kFamilies; ++i) {
      Add(BPF_JMP | BPF_JEQ | BPF_K, kSocketFamilies[i], static_cast<uint8_t>(kFamilies - i), 0);
    }
    Return(Refuse(EPERM));
    LoadNumber();
  }

  // Raw sockets of IPv4 and IPv6. Netlink uses the same type for what is not raw.
  void DenyRawSockets() {
    UnlessEqual(SYS_socket, 8);
    Load(Argument(0));
    Add(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 5, 0);
    Add(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 4, 0);
    Load(Argument(1));
    Add(BPF_ALU | BPF_AND | BPF_K, kSocketType, 0, 0);
    Add(BPF_JMP | BPF_JEQ | BPF_K, SOCK_RAW, 0, 1);
    Return(Refuse(EPERM));
    LoadNumber();
  }

  void Return(uint32_t verdict) { Add(BPF_RET | BPF_K, verdict, 0, 0); }

  [[nodiscard]] std::vector<sock_filter> Take() && { return std::move(instructions_); }

 private:
  void Add(int code, uint32_t operand, uint8_t if_true, uint8_t if_false) {
    instructions_.push_back({static_cast<uint16_t>(code), if_true, if_false, operand});
  }
  void Load(size_t offset) { Add(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset), 0, 0); }
  void LoadNumber() { Load(offsetof(seccomp_data, nr)); }
  void Skip(uint32_t count) { Add(BPF_JMP | BPF_JA, count, 0, 0); }
  void UnlessEqual(uint32_t value, int skip) {
    Add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<uint8_t>(skip));
  }

  std::vector<sock_filter> instructions_;
};

}  // namespace

std::vector<sock_filter> SystemCallFilter() {
  Program program;
  for (const uint32_t number : kDenied) program.Deny(number, Refuse(EPERM));
  for (const uint32_t number : kUnknown) program.Deny(number, Refuse(ENOSYS));
  program.DenyIfAnyBit(SYS_clone, 0, kNamespaces, Refuse(EPERM));
  program.DenyOtherFamilies(SYS_socket);
  program.DenyOtherFamilies(SYS_socketpair);
  program.DenyRawSockets();
  program.Return(SECCOMP_RET_ALLOW);
  return std::move(program).Take();
}

}  // namespace nasgi::worker
