#include "base/scoped_mmap.h"

#include <sys/mman.h>

#include <boost/interprocess/exceptions.hpp>
#include <cerrno>

#include "base/os.h"

namespace nasgi::base {
namespace {

namespace bip = boost::interprocess;

// The interface that mapped_region requires of what it maps. The descriptor is borrowed for the
// call.
class BorrowedFd {
 public:
  explicit BorrowedFd(int fd) : fd_(fd) {}
  bip::mapping_handle_t get_mapping_handle() const {
    return bip::ipcdetail::mapping_handle_from_file_handle(fd_);
  }

 private:
  int fd_;
};

// Turns Boost's exceptions into a Status, because common/ does not throw.
Result<bip::mapped_region> MapRegion(int fd, size_t offset, size_t size, std::byte* address,
                                     bip::map_options_t options) {
  try {
    bip::mapped_region region(BorrowedFd(fd), bip::read_write, static_cast<bip::offset_t>(offset),
                              size, address, options);
    const Status kept = KeepFromChildren(region.get_address(), size);
    if (!kept.ok()) return kept;
    return region;
  } catch (const bip::interprocess_exception& e) {
    return Status::FromErrno("mmap of shared memory", e.get_native_error());
  }
}

}  // namespace

Result<ScopedMmap> ScopedMmap::Reserve(size_t size) {
  void* address =
      ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return Status::FromErrno("mmap of a reservation", errno);
  return ScopedMmap(static_cast<std::byte*>(address), size);
}

ScopedMmap& ScopedMmap::operator=(ScopedMmap&& other) noexcept {
  if (this != &other) {
    reset();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void ScopedMmap::ReleaseFront(size_t size) {
  data_ += size;
  size_ -= size;
}

void ScopedMmap::reset() {
  if (size_ != 0) ::munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

Result<FileMapping> FileMapping::Map(int fd, size_t offset, size_t size) {
  auto region = MapRegion(fd, offset, size, nullptr, bip::default_map_options);
  if (!region.ok()) return region.status();
  return FileMapping(std::move(region).value());
}

Result<FileMapping> FileMapping::MapAt(int fd, size_t offset, size_t size, std::byte* address) {
  auto region = MapRegion(fd, offset, size, address, MAP_FIXED);
  if (!region.ok()) return region.status();
  return FileMapping(std::move(region).value());
}

Result<DoubleMapping> DoubleMapping::Map(int fd, size_t offset, size_t size) {
  auto reservation = ScopedMmap::Reserve(2 * size);
  if (!reservation.ok()) return reservation.status();
  ScopedMmap& rest = reservation.value();

  // Each half passes from the reservation to its mapping, so that each address has exactly one
  // owner at any time. Unmapping a range twice could hit what another thread has mapped there
  // meanwhile.
  auto first = FileMapping::MapAt(fd, offset, size, rest.data());
  if (!first.ok()) return first.status();
  rest.ReleaseFront(size);
  auto second = FileMapping::MapAt(fd, offset, size, rest.data());
  if (!second.ok()) return second.status();
  rest.ReleaseFront(size);
  return DoubleMapping(std::move(first).value(), std::move(second).value());
}

}  // namespace nasgi::base
