// Owners of address ranges: a plain reservation, a mapping of a file, and a region of a file mapped
// twice back to back. A child process that is forked later does not inherit the mappings of
// files.
//
// Thread safety: each object, one thread at a time. The mapped memory has rules of its own.

#pragma once

#include <boost/interprocess/mapped_region.hpp>
#include <cstddef>
#include <utility>

#include "base/status.h"

namespace nasgi::base {

// The owner of a range of addresses from mmap(), which it unmaps when it goes out of scope. Move
// only.
class ScopedMmap {
 public:
  ScopedMmap() = default;
  ~ScopedMmap() { reset(); }

  ScopedMmap(const ScopedMmap&) = delete;
  ScopedMmap& operator=(const ScopedMmap&) = delete;
  ScopedMmap(ScopedMmap&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  ScopedMmap& operator=(ScopedMmap&& other) noexcept;

  // Addresses without memory behind them: every access faults. `size` is a multiple of the page
  // size. kOs when the kernel refuses.
  static Result<ScopedMmap> Reserve(size_t size);

  // Null, with size() 0, when this owns nothing.
  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] size_t size() const { return size_; }

  // Gives up the first `size` bytes, at most size(), to another owner.
  void ReleaseFront(size_t size);
  // Unmaps the range, if any.
  void reset();

 private:
  ScopedMmap(std::byte* data, size_t size) : data_(data), size_(size) {}

  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// A region of a file, mapped readable, writable and shared. It does not need the descriptor once it
// exists. `offset` and `size` are multiples of the page size. Move only.
//
// Failure: kOs when the kernel refuses.
// Cannot report: if the kernel has no memory for a page that is touched for the first time, the
// process gets SIGBUS.
class FileMapping {
 public:
  static Result<FileMapping> Map(int fd, size_t offset, size_t size);
  // Replaces what is mapped at `address`. The range must lie in a reservation of the caller, which
  // gives it up (ScopedMmap::ReleaseFront).
  static Result<FileMapping> MapAt(int fd, size_t offset, size_t size, std::byte* address);

  [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(region_.get_address()); }
  [[nodiscard]] size_t size() const { return region_.get_size(); }

 private:
  explicit FileMapping(boost::interprocess::mapped_region region) : region_(std::move(region)) {}

  boost::interprocess::mapped_region region_;
};

// A region of a file, mapped twice back to back: byte i and byte size() + i are the same byte, so
// that what runs over the end of a ring continues at its beginning. Move only.
//
// Failure: as that of FileMapping.
class DoubleMapping {
 public:
  static Result<DoubleMapping> Map(int fd, size_t offset, size_t size);

  // The start of 2 * size() addressable bytes.
  [[nodiscard]] std::byte* data() const { return first_.data(); }
  [[nodiscard]] size_t size() const { return first_.size(); }

 private:
  DoubleMapping(FileMapping first, FileMapping second)
      : first_(std::move(first)), second_(std::move(second)) {}

  FileMapping first_;
  FileMapping second_;
};

}  // namespace nasgi::base
