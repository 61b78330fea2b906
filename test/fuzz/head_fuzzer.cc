// The texts that JavaScript passes to the addon, and the addon to JavaScript: the head of a
// request, lists of headers, UTF-8.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz.h"
#include "wire/frame.h"
#include "wire/http_head.h"
#include "wire/messages.h"
#include "wire/utf8.h"

namespace nasgi::fuzz {
namespace {

void CheckHead(std::string head) {
  const wire::HeadCheck check = wire::NormalizeRequestHead(head);
  if (check.fault != wire::HeadFault::kOk) return;
  std::string again = head;
  Require(wire::NormalizeRequestHead(again).fault == wire::HeadFault::kOk && again == head,
          "a head that is normal changes");
  size_t parts = 0;
  for (wire::HeadReader reader(head); !reader.done(); ++parts) (void)reader.Next();
  Require(parts >= wire::kHeadFields && (parts - wire::kHeadFields) % 2 == 0,
          "a head has a name without a value");
  const wire::Request request{1, head, {}, true};
  std::vector<std::byte> packed(wire::FrameBound(request));
  packed.resize(wire::PackFrame(request, packed));
  wire::Frame frame;
  wire::Request got;
  Require(frame.Parse(packed) && frame.Get(&got) && got.head == head, "a head arrives changed");
}

void CheckText(std::string_view text) {
  for (const size_t limit : {size_t{0}, text.size() / 2, text.size()}) {
    const std::string_view cut = wire::CutUtf8(text, limit);
    Require(cut.size() <= limit && text.starts_with(cut), "a text is cut wrongly");
    Require(!wire::IsUtf8(text) || wire::IsUtf8(cut), "a character is cut");
  }
  if (wire::IsHeaderList(text)) {
    Require(text.find_first_of("\r\n\x7f") == std::string_view::npos, "a header has a line break");
  }
  if (wire::IsValueList(text)) {
    Require(text.find_first_of("\r\n\x7f") == std::string_view::npos, "a value has a line break");
  }
}

}  // namespace
}  // namespace nasgi::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  nasgi::fuzz::CheckHead(text);
  nasgi::fuzz::CheckText(text);
  return 0;
}
