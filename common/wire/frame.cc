#include "wire/frame.h"

namespace nasgi::wire {

// Accepts one array of at most 1 + kMaxFields scalars. Anything else ends the parse.
class FrameVisitor : public msgpack::null_visitor {
 public:
  explicit FrameVisitor(Frame* frame) : frame_(frame) {}

  [[nodiscard]] bool complete() const { return closed_ && seen_ > 0; }

  bool start_array(uint32_t size) {
    if (opened_ || size == 0 || size > 1 + Frame::kMaxFields) return false;
    opened_ = true;
    return true;
  }
  bool end_array() {
    closed_ = true;
    return true;
  }
  bool visit_positive_integer(uint64_t value) {
    if (seen_ == 0) {
      if (!opened_ || value > 0xff) return false;
      frame_->type_ = static_cast<MessageType>(value);
      seen_ = 1;
      return true;
    }
    return Add({Frame::Field::kUint, value, {}});
  }
  bool visit_boolean(bool value) { return Add({Frame::Field::kBool, value ? 1U : 0U, {}}); }
  bool visit_bin(const char* bytes, uint32_t size) {
    return Add({Frame::Field::kBytes, 0, {bytes, size}});
  }
  bool visit_str(const char* bytes, uint32_t size) { return visit_bin(bytes, size); }

  bool visit_nil() { return false; }
  bool visit_negative_integer(int64_t /*value*/) { return false; }
  bool visit_float32(float /*value*/) { return false; }
  bool visit_float64(double /*value*/) { return false; }
  bool visit_ext(const char* /*bytes*/, uint32_t /*size*/) { return false; }
  bool start_map(uint32_t /*size*/) { return false; }

 private:
  bool Add(const Frame::Field& field) {
    if (seen_ == 0 || frame_->size_ == Frame::kMaxFields) return false;
    frame_->fields_[frame_->size_++] = field;
    return true;
  }

  Frame* frame_;
  bool opened_ = false;
  bool closed_ = false;
  int seen_ = 0;
};

bool Frame::Parse(std::span<const std::byte> bytes) {
  size_ = 0;
  FrameVisitor visitor(this);
  size_t offset = 0;
  const char* data = reinterpret_cast<const char*>(bytes.data());
  return msgpack::parse(data, bytes.size(), offset, visitor) && offset == bytes.size() &&
         visitor.complete();
}

}  // namespace nasgi::wire
