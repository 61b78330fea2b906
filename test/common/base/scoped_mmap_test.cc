#include "base/scoped_mmap.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/unique_fd.h"
#include "support/child_process.h"
#include "support/leak_check.h"

namespace nasgi::base {
namespace {

const size_t kPage = static_cast<size_t>(::sysconf(_SC_PAGESIZE));

UniqueFd Memfd(size_t size) {
  UniqueFd fd(::memfd_create("scoped_mmap_test", MFD_CLOEXEC));
  EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
  return fd;
}

// Whether something is mapped at the page of `address`.
bool IsMapped(const std::byte* address) {
  unsigned char resident = 0;
  return ::mincore(const_cast<std::byte*>(address), kPage, &resident) == 0;
}

TEST(ScopedMmapTest, DestructorUnmaps) {
  std::byte* address = nullptr;
  {
    auto reservation = ScopedMmap::Reserve(4 * kPage);
    ASSERT_TRUE(reservation.ok());
    address = reservation.value().data();
    EXPECT_EQ(reservation.value().size(), 4 * kPage);
    EXPECT_TRUE(IsMapped(address));
    EXPECT_TRUE(IsMapped(address + 3 * kPage));
  }
  EXPECT_FALSE(IsMapped(address));
  EXPECT_FALSE(IsMapped(address + 3 * kPage));
}

TEST(ScopedMmapTest, ReleasedFrontStaysMapped) {
  auto reservation = ScopedMmap::Reserve(2 * kPage);
  ASSERT_TRUE(reservation.ok());
  std::byte* const address = reservation.value().data();
  reservation.value().ReleaseFront(kPage);
  EXPECT_EQ(reservation.value().data(), address + kPage);
  reservation.value().reset();
  EXPECT_TRUE(IsMapped(address));
  EXPECT_FALSE(IsMapped(address + kPage));
  ::munmap(address, kPage);
}

TEST(ScopedMmapTest, MoveLeavesOneOwner) {
  auto first = ScopedMmap::Reserve(kPage);
  auto second = ScopedMmap::Reserve(kPage);
  ASSERT_TRUE(first.ok() && second.ok());
  std::byte* const kept = first.value().data();
  std::byte* const dropped = second.value().data();
  second.value() = std::move(first).value();
  EXPECT_FALSE(IsMapped(dropped));
  EXPECT_TRUE(IsMapped(kept));
  EXPECT_EQ(second.value().data(), kept);
}

TEST(ScopedMmapTest, ImpossibleReservationIsAnOsError) {
  const auto reservation = ScopedMmap::Reserve(size_t{1} << 62);
  EXPECT_EQ(reservation.status().code(), Status::Code::kOs);
  EXPECT_EQ(reservation.status().error_number(), ENOMEM);
}

TEST(FileMappingTest, SharesTheFileAndOutlivesTheDescriptor) {
  UniqueFd fd = Memfd(2 * kPage);
  auto first = FileMapping::Map(fd.get(), kPage, kPage);
  auto second = FileMapping::Map(fd.get(), kPage, kPage);
  fd.reset();
  ASSERT_TRUE(first.ok() && second.ok());
  first.value().data()[5] = std::byte{42};
  EXPECT_EQ(second.value().data()[5], std::byte{42});
}

TEST(FileMappingTest, IsNotInheritedByAForkedChild) {
  const UniqueFd fd = Memfd(kPage);
  const auto mapping = FileMapping::Map(fd.get(), 0, kPage);
  ASSERT_TRUE(mapping.ok());
  const std::byte* address = mapping.value().data();
  ASSERT_TRUE(IsMapped(address));
  test::ChildProcess child([&] { return IsMapped(address) ? 1 : 0; });
  EXPECT_EQ(child.Wait(), 0);
}

TEST(FileMappingTest, BadDescriptorIsAnOsErrorNotAnException) {
  const auto mapping = FileMapping::Map(-1, 0, kPage);
  EXPECT_EQ(mapping.status().code(), Status::Code::kOs);
  EXPECT_EQ(mapping.status().error_number(), EBADF);
}

TEST(DoubleMappingTest, BothHalvesAreOneMemory) {
  const size_t size = 4 * kPage;
  const UniqueFd fd = Memfd(kPage + size);
  auto mapping = DoubleMapping::Map(fd.get(), kPage, size);
  ASSERT_TRUE(mapping.ok());
  EXPECT_EQ(mapping.value().size(), size);
  std::byte* const data = mapping.value().data();
  for (size_t i = 0; i < size; i += 509) {
    data[i] = static_cast<std::byte>(i % 251 + 1);
    ASSERT_EQ(data[size + i], data[i]);
    data[size + i] = static_cast<std::byte>(i % 241 + 1);
    ASSERT_EQ(data[i], data[size + i]);
  }
  // A word of eight bytes, half of it before and half after the seam.
  const auto word = uint64_t{0x1122'3344'5566'7788};
  __builtin_memcpy(data + size - 4, &word, sizeof(word));
  std::byte low_end[4];
  __builtin_memcpy(low_end, data, sizeof(low_end));
  EXPECT_EQ(__builtin_memcmp(low_end, reinterpret_cast<const std::byte*>(&word) + 4, 4), 0);
}

TEST(DoubleMappingTest, DestructorUnmapsBothHalves) {
  const UniqueFd fd = Memfd(kPage);
  const int before = test::MemfdMappings();
  const std::byte* data = nullptr;
  {
    auto mapping = DoubleMapping::Map(fd.get(), 0, kPage);
    ASSERT_TRUE(mapping.ok());
    data = mapping.value().data();
    EXPECT_GT(test::MemfdMappings(), before);
    const DoubleMapping moved = std::move(mapping).value();
    EXPECT_EQ(moved.data(), data);
  }
  EXPECT_EQ(test::MemfdMappings(), before);
  EXPECT_FALSE(IsMapped(data));
  EXPECT_FALSE(IsMapped(data + kPage));
}

TEST(DoubleMappingTest, FailureLeavesNothingMapped) {
  const int before = test::MemfdMappings();
  const auto mapping = DoubleMapping::Map(-1, 0, kPage);
  EXPECT_EQ(mapping.status().error_number(), EBADF);
  EXPECT_EQ(test::MemfdMappings(), before);
}

}  // namespace
}  // namespace nasgi::base
