#include "chunk_pool.h"

#include "wire/protocol.h"

namespace nasgi::addon {

void ChunkPool::Put(Napi::Value value) {
  if (buffers_.size() == kMost || !value.IsBuffer()) return;
  const auto buffer = value.As<Napi::Buffer<char>>();
  if (buffer.Length() == wire::kMaxChunk) buffers_.push_back(Napi::Persistent(buffer));
}

ChunkPool::Chunk ChunkPool::Take() {
  while (!buffers_.empty()) {
    const Napi::Buffer<char> buffer = buffers_.back().Value();
    buffers_.pop_back();
    // Somebody may have transferred its memory to another thread.
    if (buffer.Length() == wire::kMaxChunk) return {.value = buffer, .bytes = buffer.Data()};
  }
  return {};
}

}  // namespace nasgi::addon
