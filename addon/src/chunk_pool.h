#pragma once

#include <napi.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "wire/protocol.h"

namespace nasgi::addon {

// Buffers of full chunks that JavaScript has written to a client and gives back. In a long download
// the next chunks then go to memory that is still in the processor's cache, and neither malloc nor
// the garbage collector has to deal with them: Node takes 0.7 of the CPU time.
//
// Thread safety: the thread of the environment.
// Lifetime: keeps the Buffers alive.
// Failure: cannot report any. Without a Buffer the caller makes a new one.
class ChunkPool {
 public:
  // `value` is a Buffer that nobody uses any more. One that has another size, or too many, is left
  // to the garbage collector.
  void Put(Napi::Value value) {
    if (buffers_.size() == kMost || !value.IsBuffer()) return;
    const auto buffer = value.As<Napi::Buffer<char>>();
    if (buffer.Length() == wire::kMaxChunk) buffers_.push_back(Napi::Persistent(buffer));
  }

  // A Buffer of kMaxChunk bytes whose content is old; empty when there is none.
  [[nodiscard]] Napi::Buffer<char> Take() {
    while (!buffers_.empty()) {
      const Napi::Buffer<char> buffer = buffers_.back().Value();
      buffers_.pop_back();
      // Somebody may have transferred its memory to another thread.
      if (buffer.Length() == wire::kMaxChunk) return buffer;
    }
    return {};
  }

  void Clear() { buffers_.clear(); }

 private:
  static constexpr size_t kMost = 8;  // twice a window

  std::vector<Napi::Reference<Napi::Buffer<char>>> buffers_;
};

}  // namespace nasgi::addon
