#include "base/memory_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/os.h"
#include "base/scoped_mmap.h"
#include "support/child_process.h"

namespace nasgi::base {
namespace {

const auto kPage = static_cast<size_t>(::sysconf(_SC_PAGESIZE));

TEST(MemoryFileTest, HasItsSizeAndNoNameAndIsNotInherited) {
  const auto file = MakeMemoryFile(3 * kPage);
  ASSERT_TRUE(file.ok()) << file.status().message();
  struct stat info{};
  ASSERT_EQ(::fstat(file.value().get(), &info), 0);
  EXPECT_EQ(static_cast<size_t>(info.st_size), 3 * kPage);
  EXPECT_EQ(info.st_nlink, 0u);
  EXPECT_EQ(::fcntl(file.value().get(), F_GETFD), FD_CLOEXEC);
}

TEST(MemoryFileTest, TwoFilesShareNothing) {
  const auto one = MakeMemoryFile(kPage);
  const auto other = MakeMemoryFile(kPage);
  const auto first = FileMapping::Map(one.value().get(), 0, kPage);
  const auto second = FileMapping::Map(other.value().get(), 0, kPage);
  *first.value().data() = std::byte{1};
  EXPECT_EQ(*second.value().data(), std::byte{0});
}

TEST(MemoryFileTest, EachDescriptorOfItMapsTheSameMemory) {
  const auto file = MakeMemoryFile(kPage);
  const auto mine = FileMapping::Map(file.value().get(), 0, kPage);
  test::ChildProcess child([&] {
    const auto theirs = FileMapping::Map(file.value().get(), 0, kPage);
    *theirs.value().data() = std::byte{5};
    return 0;
  });
  EXPECT_EQ(child.Wait(), 0);
  EXPECT_EQ(*mine.value().data(), std::byte{5});
}

TEST(MemoryFileTest, CanBeMappedTwiceInARow) {
  const auto file = MakeMemoryFile(3 * kPage);
  const auto mapping = DoubleMapping::Map(file.value().get(), kPage, 2 * kPage);
  ASSERT_TRUE(mapping.ok()) << mapping.status().message();
  mapping.value().data()[2 * kPage + 1] = std::byte{7};
  EXPECT_EQ(mapping.value().data()[1], std::byte{7});
}

TEST(MemoryFileTest, OtherFilesAreRefused) {
  EXPECT_EQ(SizeOfMemoryFile(-1).status().error_number(), EBADF);
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_EQ(SizeOfMemoryFile(null.get()).status().code(), Status::Code::kCorrupt);
  const UniqueFd directory(::open("/", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(SizeOfMemoryFile(directory.get()).status().code(), Status::Code::kCorrupt);
  const UniqueFd plain(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(SizeOfMemoryFile(plain.get()).status().code(), Status::Code::kCorrupt);
  const auto pipe = MakePipe();
  EXPECT_EQ(SizeOfMemoryFile(pipe.value().read.get()).status().code(), Status::Code::kCorrupt);
}

}  // namespace
}  // namespace nasgi::base
