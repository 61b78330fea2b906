#include "base/os.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace nasgi::base {
namespace {

TEST(OsTest, NoProgramInheritsAPipeOrSocket) {
  const auto pipe = MakePipe();
  const auto sockets = MakeSocketPair(SOCK_STREAM);
  for (const int fd : {pipe.value().read.get(), pipe.value().write.get(), sockets.value().one.get(),
                       sockets.value().other.get()}) {
    EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
  }
}

TEST(OsTest, APipeCarriesBytesFromItsWriteEnd) {
  const auto pipe = MakePipe();
  char byte = 0;
  EXPECT_EQ(::write(pipe.value().write.get(), "x", 1), 1);
  EXPECT_EQ(::read(pipe.value().read.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
}

TEST(OsTest, ASocketThatNobodyReadsCausesNoSigpipe) {
  auto sockets = MakeSocketPair(SOCK_STREAM);
  sockets.value().other.reset();
  EXPECT_EQ(::send(sockets.value().one.get(), "x", 1, kNoSigpipe), -1);
  EXPECT_EQ(errno, EPIPE);
}

TEST(OsTest, WhatIsNoMappingCannotBeKeptFromChildren) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  void* address = ::mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(address, MAP_FAILED);
  ASSERT_EQ(::munmap(address, page), 0);
  EXPECT_EQ(KeepFromChildren(address, page).code(), Status::Code::kOs);
}

TEST(OsTest, TheSignalForStacksIsNoneThatApplicationsUse) {
  EXPECT_EQ(kStacksSignal, SIGRTMAX - 2);
}

}  // namespace
}  // namespace nasgi::base
