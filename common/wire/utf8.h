#pragma once

#include <cstddef>
#include <string_view>

namespace nasgi::wire {

// The longest prefix of `text` that has at most `limit` bytes and does not end within a character.
// The result is valid UTF-8 if `text` is, and points into it.
//
// Thread safety: any thread.
// Lifetime: that of `text`.
// Failure: none. Bytes that are not UTF-8 are cut somewhere.
[[nodiscard]] std::string_view CutUtf8(std::string_view text, size_t limit);

// Whether `text` is valid UTF-8 (RFC 3629): no surrogates, no character that is encoded in more
// bytes than it needs.
//
// Thread safety: any thread.
// Lifetime: none.
// Failure: none.
[[nodiscard]] bool IsUtf8(std::string_view text);

}  // namespace nasgi::wire
