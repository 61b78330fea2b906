#include "shm/segment.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <string>

#include "support/leak_check.h"

namespace nasgi::shm {
namespace {

using base::Status;
using base::UniqueFd;

const size_t kPage = static_cast<size_t>(::sysconf(_SC_PAGESIZE));

UniqueFd Duplicate(int fd) { return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

// The start of a SegmentHeader, which is not copyable because of its atomics.
struct Fields {
  uint64_t magic = kMagic;
  uint32_t layout_version = kLayoutVersion;
  uint32_t header_bytes = static_cast<uint32_t>(kPage);
  uint64_t request_capacity = kPage;
  uint64_t response_capacity = 2 * kPage;
};
static_assert(sizeof(Fields) == 32);

// A memfd as a peer could send it, with any fields, size and seals.
UniqueFd Forge(const Fields& fields, size_t size, int seals) {
  UniqueFd fd(::memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const size_t bytes = std::min(sizeof(fields), size);
  EXPECT_EQ(::pwrite(fd.get(), &fields, bytes, 0), static_cast<ssize_t>(bytes));
  EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
  EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
  return fd;
}

constexpr int kAllSeals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

TEST(SegmentTest, CreateMakesTwoEmptyRingsOfTheGivenSizes) {
  auto segment = Segment::Create({.request_capacity = kPage, .response_capacity = 4 * kPage});
  ASSERT_TRUE(segment.ok()) << segment.status().message();
  const RingMemory request = segment.value().request_ring();
  const RingMemory response = segment.value().response_ring();
  EXPECT_EQ(request.capacity, kPage);
  EXPECT_EQ(response.capacity, 4 * kPage);
  EXPECT_EQ(request.header->tail.load(), 0u);
  EXPECT_EQ(response.header->head.load(), 0u);
  EXPECT_NE(request.header, response.header);
}

TEST(SegmentTest, EachRingIsMappedTwiceAndApartFromTheOther) {
  auto segment = Segment::Create({.request_capacity = kPage, .response_capacity = kPage});
  ASSERT_TRUE(segment.ok());
  const RingMemory request = segment.value().request_ring();
  const RingMemory response = segment.value().response_ring();
  std::memset(request.data, 1, kPage);
  std::memset(response.data + kPage, 2, kPage);
  EXPECT_EQ(request.data[2 * kPage - 1], std::byte{1});
  EXPECT_EQ(response.data[0], std::byte{2});
  EXPECT_EQ(request.header->tail.load(), 0u) << "the data does not reach into the header";
}

TEST(SegmentTest, BadCapacitiesAreNamed) {
  for (const size_t bad :
       {size_t{0}, size_t{64}, kPage + 8, 3 * kPage, size_t{2} * kMaxCapacity, SIZE_MAX}) {
    const auto request = Segment::Create({.request_capacity = bad, .response_capacity = kPage});
    EXPECT_EQ(request.status().code(), Status::Code::kInvalidArgument) << bad;
    EXPECT_NE(request.status().message().find("request"), std::string::npos);
    const auto response = Segment::Create({.request_capacity = kPage, .response_capacity = bad});
    EXPECT_EQ(response.status().code(), Status::Code::kInvalidArgument) << bad;
    EXPECT_NE(response.status().message().find("response"), std::string::npos);
  }
}

TEST(SegmentTest, DescriptorIsSealedAndNotInherited) {
  auto segment = Segment::Create({.request_capacity = kPage, .response_capacity = kPage});
  ASSERT_TRUE(segment.ok());
  const int fd = segment.value().fd();
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(::ftruncate(fd, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(fd, 1 << 20), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1) << "the peer cannot add a seal";
}

TEST(SegmentTest, AttachSeesTheSameMemory) {
  auto created = Segment::Create({.request_capacity = kPage, .response_capacity = 2 * kPage});
  ASSERT_TRUE(created.ok());
  auto attached = Segment::Attach(Duplicate(created.value().fd()));
  ASSERT_TRUE(attached.ok()) << attached.status().message();
  const RingMemory mine = created.value().response_ring();
  const RingMemory theirs = attached.value().response_ring();
  EXPECT_EQ(theirs.capacity, 2 * kPage);
  EXPECT_NE(theirs.data, mine.data);
  mine.header->tail.store(4711);
  EXPECT_EQ(theirs.header->tail.load(), 4711u);
  mine.data[17] = std::byte{9};
  EXPECT_EQ(theirs.data[17], std::byte{9});
}

TEST(SegmentTest, AttachAcceptsAFaultlessForgery) {
  // Shows that each refusal below is due to the one thing that it changes.
  EXPECT_TRUE(Segment::Attach(Forge(Fields{}, 4 * kPage, kAllSeals)).ok());
}

struct Wrong {
  const char* name;
  std::function<void(Fields&)> change;
  std::optional<size_t> size;
  int seals = kAllSeals;
  const char* message;
};

TEST(SegmentTest, AttachRefusesEachFault) {
  const Wrong table[] = {
      {"magic", [](Fields& h) { h.magic ^= 1; }, {}, kAllSeals, "magic"},
      {"zero", [](Fields& h) { h.magic = 0; }, {}, kAllSeals, "magic"},
      {"older", [](Fields& h) { h.layout_version--; }, {}, kAllSeals, "layout version 1"},
      {"newer", [](Fields& h) { h.layout_version++; }, {}, kAllSeals, "layout version 3"},
      {"page", [](Fields& h) { h.header_bytes *= 2; }, {}, kAllSeals, "page size"},
      {"no capacity", [](Fields& h) { h.request_capacity = 0; }, {}, kAllSeals, "capacity"},
      {"odd", [](Fields& h) { h.request_capacity = kPage + 8; }, {}, kAllSeals, "capacity"},
      {"three", [](Fields& h) { h.response_capacity = 3 * kPage; }, {}, kAllSeals, "capacity"},
      {"huge",
       [](Fields& h) { h.response_capacity = uint64_t{1} << 63; },
       {},
       kAllSeals,
       "capacity"},
      {"sum wraps",
       [](Fields& h) { h.request_capacity = h.response_capacity = uint64_t{1} << 63; },
       {},
       kAllSeals,
       "capacity"},
      {"more than there is",
       [](Fields& h) { h.request_capacity = 4 * kPage; },
       {},
       kAllSeals,
       "size"},
      {"less than there is", [](Fields& h) { h.response_capacity = kPage; }, {}, kAllSeals, "size"},
      {"empty", [](Fields&) {}, 0, kAllSeals, "header"},
      {"short header", [](Fields&) {}, 100, kAllSeals, "header"},
      {"header only", [](Fields&) {}, kPage, kAllSeals, "size"},
      {"a byte short", [](Fields&) {}, 4 * kPage - 1, kAllSeals, "size"},
      {"a page more", [](Fields&) {}, 5 * kPage, kAllSeals, "size"},
      {"unsealed", [](Fields&) {}, {}, 0, "sealed"},
      {"may shrink", [](Fields&) {}, {}, F_SEAL_GROW | F_SEAL_SEAL, "sealed"},
      {"may grow", [](Fields&) {}, {}, F_SEAL_SHRINK | F_SEAL_SEAL, "sealed"},
      {"may be sealed", [](Fields&) {}, {}, F_SEAL_GROW | F_SEAL_SHRINK, "sealed"},
  };
  for (const Wrong& wrong : table) {
    SCOPED_TRACE(wrong.name);
    Fields fields;
    wrong.change(fields);
    const auto segment =
        Segment::Attach(Forge(fields, wrong.size.value_or(4 * kPage), wrong.seals));
    EXPECT_EQ(segment.status().code(), Status::Code::kCorrupt);
    EXPECT_NE(segment.status().message().find(wrong.message), std::string::npos)
        << segment.status().message();
  }
}

TEST(SegmentTest, AttachRefusesOtherFiles) {
  EXPECT_EQ(Segment::Attach(UniqueFd()).status().error_number(), EBADF);
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_EQ(Segment::Attach(std::move(null)).status().code(), Status::Code::kCorrupt);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd write_end(ends[1]);
  EXPECT_EQ(Segment::Attach(UniqueFd(ends[0])).status().code(), Status::Code::kCorrupt);
  UniqueFd plain(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (plain.valid()) {
    EXPECT_EQ(Segment::Attach(std::move(plain)).status().code(), Status::Code::kCorrupt);
  }
}

TEST(SegmentTest, LastCopyUnmapsAndCloses) {
  const int mappings = test::MemfdMappings();
  const auto fds = test::OpenFds();
  {
    std::optional<Segment> copy;
    {
      auto segment = Segment::Create({.request_capacity = kPage, .response_capacity = kPage});
      ASSERT_TRUE(segment.ok());
      copy = segment.value();
    }
    copy->request_ring().data[0] = std::byte{1};
    EXPECT_GT(test::MemfdMappings(), mappings);
    EXPECT_GT(test::OpenFds().size(), fds.size());
  }
  EXPECT_EQ(test::MemfdMappings(), mappings);
  EXPECT_EQ(test::OpenFds(), fds);
}

}  // namespace
}  // namespace nasgi::shm
