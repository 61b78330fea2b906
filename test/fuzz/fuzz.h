#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

// What the targets of libFuzzer share.
namespace nasgi::fuzz {

// Ends the process, which libFuzzer reports together with the input.
inline void Require(bool fact, const char* what) {
  if (fact) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

// A copy on the heap that ends where the input ends, so that reading beyond it is noticed.
inline std::vector<std::byte> Copy(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace nasgi::fuzz
