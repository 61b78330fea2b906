#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <msgpack.hpp>
#include <span>
#include <string_view>
#include <tuple>

#include "wire/protocol.h"

// Packs and parses frames by the Fields() of each message.
//
// Thread safety: each object, one thread at a time.
// Failure: packing cannot fail. Parsing returns false for anything but a valid frame.
namespace nasgi::wire {

namespace internal {

// The memory that the caller has reserved, as msgpack::packer writes to it.
struct SpanBuffer {
  std::byte* next;
  void write(const char* bytes, size_t n) {
    if (n == 0) return;  // of an empty view, whose data() may be null
    std::memcpy(next, bytes, n);
    next += n;
  }
};

// The longest encoding of a msgpack integer or boolean, and more than the prefix of a bin.
inline constexpr size_t kFieldPrefix = 9;

[[nodiscard]] inline size_t FieldBound(std::string_view text) { return kFieldPrefix + text.size(); }
[[nodiscard]] inline size_t FieldBound(uint32_t /*value*/) { return kFieldPrefix; }
[[nodiscard]] inline size_t FieldBound(bool /*value*/) { return kFieldPrefix; }

}  // namespace internal

// The most bytes that packing `message` can take.
template <class Message>
[[nodiscard]] size_t FrameBound(const Message& message) {
  return std::apply(
      [](const auto&... field) {
        return 2 * internal::kFieldPrefix + (size_t{0} + ... + internal::FieldBound(field));
      },
      Message::Fields(message));
}

// Packs `message` into `room`, which has at least FrameBound(message) bytes. Returns the number of
// bytes written.
template <class Message>
[[nodiscard]] size_t PackFrame(const Message& message, std::span<std::byte> room) {
  internal::SpanBuffer buffer{room.data()};
  msgpack::packer<internal::SpanBuffer> packer(buffer);
  const auto put = [&packer](const auto& field) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(field)>, std::string_view>) {
      packer.pack_bin(static_cast<uint32_t>(field.size()));
      packer.pack_bin_body(field.data(), static_cast<uint32_t>(field.size()));
    } else {
      packer.pack(field);
    }
  };
  const auto fields = Message::Fields(message);
  packer.pack_array(1 + std::tuple_size_v<decltype(fields)>);
  packer.pack(static_cast<uint32_t>(Message::kType));
  std::apply([&put](const auto&... field) { (put(field), ...); }, fields);
  return static_cast<size_t>(buffer.next - room.data());
}

// A parsed frame. It checks all bytes, because they come from the other process. Numbers are
// copied; views point into the parsed bytes.
//
// Lifetime: the parsed bytes must outlive the views, and nobody may change them meanwhile. So they
// are never shared memory (shm/ring_reader.h).
class Frame {
 public:
  // False: the bytes are not exactly one flat array of the kinds that frames use. The frame may not
  // be used until another call succeeds.
  [[nodiscard]] bool Parse(std::span<const std::byte> bytes);

  [[nodiscard]] MessageType type() const { return type_; }

  // Reads the frame as a Message. False: its type is another, or the number, kinds or ranges of its
  // fields are.
  template <class Message>
  [[nodiscard]] bool Get(Message* message) const {
    const auto fields = Message::Fields(*message);
    if (type_ != Message::kType || size_ != std::tuple_size_v<decltype(fields)>) return false;
    size_t index = 0;
    return std::apply([&](auto&... field) { return (Read(fields_[index++], &field) && ...); },
                      fields);
  }

 private:
  friend class FrameVisitor;

  static constexpr size_t kMaxFields = 8;
  struct Field {
    enum Kind : uint8_t { kUint, kBool, kBytes } kind;
    uint64_t number;  // of a kUint; 0 or 1 of a kBool
    std::string_view bytes;
  };

  static bool Read(const Field& field, uint32_t* out) {
    if (field.kind != Field::kUint || field.number > std::numeric_limits<uint32_t>::max()) {
      return false;
    }
    *out = static_cast<uint32_t>(field.number);
    return true;
  }
  static bool Read(const Field& field, bool* out) {
    *out = field.number != 0;
    return field.kind == Field::kBool;
  }
  static bool Read(const Field& field, std::string_view* out) {
    *out = field.bytes;
    return field.kind == Field::kBytes;
  }

  MessageType type_{};
  size_t size_ = 0;
  std::array<Field, kMaxFields> fields_{};
};

}  // namespace nasgi::wire
