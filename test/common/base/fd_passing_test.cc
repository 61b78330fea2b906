#include "base/fd_passing.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

#include "base/packet_socket.h"

namespace nasgi::base {
namespace {

UniqueFd OpenNull() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

bool AreSameFile(int a, int b) {
  struct stat first{};
  struct stat second{};
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

class FdPassingTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<FdSockets> made = MakeFdSockets();
    ASSERT_TRUE(made.ok()) << made.status().message();
    sockets_ = std::move(made).value();
  }
  FdSockets sockets_;
};

TEST_F(FdPassingTest, DescriptorsArriveInOrderWithTheirNumbers) {
  std::array<UniqueFd, 2> files = {OpenNull(), UniqueFd(::open("/dev/zero", O_RDONLY | O_CLOEXEC))};
  ASSERT_TRUE(PassFd(sockets_.passer.get(), 7, files[0].get()).ok());
  ASSERT_TRUE(PassFd(sockets_.passer.get(), 4294967295, files[1].get()).ok());
  for (const uint32_t number : {7U, 4294967295U}) {
    Result<PassedFd> passed = TakeFd(sockets_.taker.get());
    ASSERT_TRUE(passed.ok()) << passed.status().message();
    EXPECT_EQ(passed.value().number, number);
    EXPECT_TRUE(AreSameFile(passed.value().fd.get(), files[number == 7 ? 0 : 1].get()));
    EXPECT_EQ(::fcntl(passed.value().fd.get(), F_GETFD), FD_CLOEXEC);
  }
}

TEST_F(FdPassingTest, WhatWasPassedArrivesAfterThePasserHasEnded) {
  ASSERT_TRUE(PassFd(sockets_.passer.get(), 1, OpenNull().get()).ok());
  sockets_.passer.reset();
  EXPECT_TRUE(TakeFd(sockets_.taker.get()).ok());
}

TEST_F(FdPassingTest, AnEmptySocketDoesNotBlock) {
  EXPECT_EQ(TakeFd(sockets_.taker.get()).status().error_number(), EAGAIN);
}

TEST_F(FdPassingTest, AFullSocketDoesNotBlock) {
  const UniqueFd file = OpenNull();
  int passed = 0;
  Status status = Status::Ok();
  while ((status = PassFd(sockets_.passer.get(), 1, file.get())).ok()) ++passed;
  EXPECT_GT(passed, 16);
  EXPECT_EQ(status.error_number(), EAGAIN);
  // The rest goes away with the socket.
  EXPECT_TRUE(TakeFd(sockets_.taker.get()).ok());
}

TEST_F(FdPassingTest, OtherPacketsAreRefusedAndTheirDescriptorsClosed) {
  const UniqueFd file = OpenNull();
  const std::array<int, 3> three = {file.get(), file.get(), file.get()};
  for (const auto& [text, fds] : {std::pair<std::string_view, size_t>{"1234", 0},
                                  {"1234", 2},
                                  {"1234", 3},
                                  {"123", 1},
                                  {"12345", 1}}) {
    ASSERT_TRUE(SendPacket(sockets_.passer.get(), std::as_bytes(std::span(text)),
                           std::span(three).first(fds), Wait::kNo)
                    .ok());
    EXPECT_EQ(TakeFd(sockets_.taker.get()).status().code(), Status::Code::kCorrupt)
        << text << " " << fds;
  }
}

TEST_F(FdPassingTest, WithoutRoomForADescriptorTheNumberArrives) {
  ASSERT_TRUE(PassFd(sockets_.passer.get(), 9, OpenNull().get()).ok());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  Result<PassedFd> passed = TakeFd(sockets_.taker.get());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(passed.ok()) << passed.status().message();
  EXPECT_EQ(passed.value().number, 9U);
  EXPECT_FALSE(passed.value().fd.valid());
}

}  // namespace
}  // namespace nasgi::base
