#include "shm/segment.h"

#include <unistd.h>

#include <bit>
#include <new>
#include <string>
#include <utility>

#include "base/memory_file.h"
#include "base/scoped_mmap.h"
#include "shm/ring_cursor.h"

namespace nasgi::shm {

using base::Result;
using base::Status;

namespace {

// The header takes a whole page, because mappings begin at page boundaries.
size_t HeaderBytes() { return static_cast<size_t>(::sysconf(_SC_PAGESIZE)); }

bool ValidCapacity(uint64_t capacity) {
  return capacity >= kMinCapacity && capacity <= kMaxCapacity && std::has_single_bit(capacity) &&
         capacity % HeaderBytes() == 0;
}

Status BadCapacity(const char* ring, uint64_t capacity) {
  return Status::InvalidArgument(
      "the " + std::string(ring) + " ring cannot have " + std::to_string(capacity) +
      " bytes; it needs a power of two from the page size to " + std::to_string(kMaxCapacity));
}

SegmentHeader* HeaderOf(const base::FileMapping& page) {
  return reinterpret_cast<SegmentHeader*>(page.data());
}

}  // namespace

struct Segment::Mapping {
  base::UniqueFd fd;
  base::FileMapping header;
  base::DoubleMapping request;
  base::DoubleMapping response;
};

Segment::Segment(std::shared_ptr<const Mapping> mapping) : mapping_(std::move(mapping)) {}

Result<Segment> Segment::MapRings(base::UniqueFd fd, size_t request_capacity,
                                  size_t response_capacity) {
  auto header = base::FileMapping::Map(fd.get(), 0, HeaderBytes());
  if (!header.ok()) return header.status();
  auto request = base::DoubleMapping::Map(fd.get(), HeaderBytes(), request_capacity);
  if (!request.ok()) return request.status();
  auto response =
      base::DoubleMapping::Map(fd.get(), HeaderBytes() + request_capacity, response_capacity);
  if (!response.ok()) return response.status();
  return Segment(std::make_shared<const Mapping>(Mapping{std::move(fd), std::move(header).value(),
                                                         std::move(request).value(),
                                                         std::move(response).value()}));
}

Result<Segment> Segment::Create(const Options& options) {
  if (!ValidCapacity(options.request_capacity)) {
    return BadCapacity("request", options.request_capacity);
  }
  if (!ValidCapacity(options.response_capacity)) {
    return BadCapacity("response", options.response_capacity);
  }
  auto fd =
      base::MakeMemoryFile(HeaderBytes() + options.request_capacity + options.response_capacity);
  if (!fd.ok()) return fd.status();
  auto segment =
      MapRings(std::move(fd).value(), options.request_capacity, options.response_capacity);
  if (!segment.ok()) return segment.status();
  auto* header = new (segment.value().mapping_->header.data()) SegmentHeader{};
  header->magic = kMagic;
  header->layout_version = kLayoutVersion;
  header->header_bytes = static_cast<uint32_t>(HeaderBytes());
  header->request_capacity = options.request_capacity;
  header->response_capacity = options.response_capacity;
  // Both sides are born asleep: what is sent before an Endpoint exists rings its bell.
  AnnounceSleep(header->request);
  AnnounceSleep(header->response);
  return segment;
}

Result<Segment> Segment::Attach(base::UniqueFd fd) {
  const Result<uint64_t> found = base::SizeOfMemoryFile(fd.get());
  if (!found.ok()) return found.status();
  // The size cannot change, so what fits it now stays safe to map and touch.
  const uint64_t size = found.value();
  if (size < HeaderBytes()) return Status::Corrupt("the segment is smaller than its header");

  size_t request_capacity = 0;
  size_t response_capacity = 0;
  {
    auto page = base::FileMapping::Map(fd.get(), 0, HeaderBytes());
    if (!page.ok()) return page.status();
    // volatile, so that each field is read once and the copy that is checked is the one used.
    const volatile SegmentHeader* header = HeaderOf(page.value());
    if (header->magic != kMagic) return Status::Corrupt("the segment has a wrong magic number");
    const uint32_t version = header->layout_version;
    if (version != kLayoutVersion) {
      return Status::Corrupt("the segment has layout version " + std::to_string(version) +
                             "; expected " + std::to_string(kLayoutVersion));
    }
    if (header->header_bytes != HeaderBytes()) {
      return Status::Corrupt("the segment was made for another page size");
    }
    request_capacity = header->request_capacity;
    response_capacity = header->response_capacity;
  }
  if (!ValidCapacity(request_capacity) || !ValidCapacity(response_capacity)) {
    return Status::Corrupt("the segment has an invalid capacity");
  }
  if (size != HeaderBytes() + request_capacity + response_capacity) {
    return Status::Corrupt("the size of the segment does not match its capacities");
  }
  return MapRings(std::move(fd), request_capacity, response_capacity);
}

int Segment::fd() const { return mapping_->fd.get(); }

RingMemory Segment::request_ring() const {
  return {&HeaderOf(mapping_->header)->request, mapping_->request.data(), mapping_->request.size()};
}

RingMemory Segment::response_ring() const {
  return {&HeaderOf(mapping_->header)->response, mapping_->response.data(),
          mapping_->response.size()};
}

}  // namespace nasgi::shm
