// Owners of address ranges: a plain reservation, one mapping of a file, and the same file region
// mapped twice back to back. Mappings of files are not there in a child that is forked later.

#pragma once

#include <boost/interprocess/mapped_region.hpp>
#include <cstddef>
#include <utility>

#include "base/status.h"

namespace nasgi::base {

// Owner of a range of addresses from mmap(). Move only.
class ScopedMmap {
 public:
  ScopedMmap() = default;
  ~ScopedMmap() { reset(); }

  ScopedMmap(const ScopedMmap&) = delete;
  ScopedMmap& operator=(const ScopedMmap&) = delete;
  ScopedMmap(ScopedMmap&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  ScopedMmap& operator=(ScopedMmap&& other) noexcept;

  // Addresses without memory: every access faults. `size` is a multiple of the page size.
  static Result<ScopedMmap> Reserve(size_t size);

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

  // Gives up the first `size` bytes, which somebody else owns now.
  void ReleaseFront(size_t size);
  void reset();

 private:
  ScopedMmap(std::byte* data, size_t size) : data_(data), size_(size) {}

  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// A region of a file, mapped readable, writable and shared. Does not need the descriptor any more
// once it is made. `offset` and `size` are multiples of the page size. Move only.
//
// Cannot report: memory that the kernel fails to provide on first touch arrives as SIGBUS.
class FileMapping {
 public:
  static Result<FileMapping> Map(int fd, size_t offset, size_t size);
  // Replaces whatever is mapped at `address`, which must lie in a range that the caller reserved.
  static Result<FileMapping> MapAt(int fd, size_t offset, size_t size, std::byte* address);

  std::byte* data() const { return static_cast<std::byte*>(region_.get_address()); }
  size_t size() const { return region_.get_size(); }

 private:
  explicit FileMapping(boost::interprocess::mapped_region region) : region_(std::move(region)) {}

  boost::interprocess::mapped_region region_;
};

// The same region of a file twice, back to back: byte i and byte size() + i are one byte, so what
// runs over the end of a ring continues at its beginning without a break. Move only.
class DoubleMapping {
 public:
  static Result<DoubleMapping> Map(int fd, size_t offset, size_t size);

  // 2 * size() bytes are addressable from here.
  std::byte* data() const { return first_.data(); }
  size_t size() const { return first_.size(); }

 private:
  DoubleMapping(FileMapping first, FileMapping second)
      : first_(std::move(first)), second_(std::move(second)) {}

  FileMapping first_;
  FileMapping second_;
};

}  // namespace nasgi::base
