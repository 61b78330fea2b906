#pragma once

#include <napi.h>

#include <cstddef>
#include <vector>

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
  void Put(Napi::Value value);

  struct Chunk {
    napi_value value = nullptr;  // a Buffer; null: there is none
    char* bytes = nullptr;       // its kMaxChunk bytes, whose content is old
  };
  [[nodiscard]] Chunk Take();

  void Clear() { buffers_.clear(); }

 private:
  static constexpr size_t kMost = 8;  // twice a window

  std::vector<Napi::Reference<Napi::Buffer<char>>> buffers_;
};

}  // namespace nasgi::addon
