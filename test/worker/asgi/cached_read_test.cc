#include "asgi/cached_read.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace nasgi::worker {
namespace {

constexpr size_t kSize = 64 * 1024;

// A file without a name that holds `text`.
base::UniqueFd FileWith(const std::string& text) {
  std::string name = ::testing::TempDir() + "cached_read_XXXXXX";
  base::UniqueFd file(::mkstemp(name.data()));
  ::unlink(name.c_str());
  EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return file;
}

// Not every file system can tell what is in memory, so a read may fail, but not be wrong.
TEST(CachedReadTest, ReadsFromTheStartOrNotAtAll) {
  std::string text(kSize, 'x');
  text.front() = 'a';
  text.back() = 'z';
  const base::UniqueFd file = FileWith(text);
  std::vector<char> room(kSize);
  if (!ReadCached(file.get(), room)) GTEST_SKIP() << "the file system cannot tell";
  EXPECT_TRUE(std::ranges::equal(room, text));
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), static_cast<off_t>(kSize));
}

TEST(CachedReadTest, AFileThatIsNotInMemoryIsNotWaitedFor) {
  const base::UniqueFd file = FileWith(std::string(kSize, 'x'));
  std::vector<char> room(kSize);
  if (!ReadCached(file.get(), room)) GTEST_SKIP() << "the file system cannot tell";
  ASSERT_EQ(::fsync(file.get()), 0);
  ASSERT_EQ(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
  // Only a file system in memory still has it.
  if (ReadCached(file.get(), room)) GTEST_SKIP() << "the system has kept the file in memory";
  EXPECT_EQ(::pread(file.get(), room.data(), kSize, 0), static_cast<ssize_t>(kSize));
  EXPECT_TRUE(ReadCached(file.get(), room));
}

TEST(CachedReadTest, AShorterFileAndWhatIsNoFileAreRefused) {
  const base::UniqueFd file = FileWith("short");
  std::array<char, 6> room{};
  EXPECT_FALSE(ReadCached(file.get(), room));
  const base::UniqueFd folder(::open("/", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(ReadCached(folder.get(), room));
  EXPECT_FALSE(ReadCached(-1, room));
}

}  // namespace
}  // namespace nasgi::worker
