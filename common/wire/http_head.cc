#include "wire/http_head.h"

#include <algorithm>

#include "wire/protocol.h"

namespace nasgi::wire {

namespace {

// A set of byte values, so that a check is one look-up a character.
class CharSet {
 public:
  template <class Predicate>
  explicit constexpr CharSet(Predicate predicate) {
    for (size_t c = 0; c < members_.size(); ++c) {
      members_[c] = predicate(static_cast<unsigned char>(c));
    }
  }
  [[nodiscard]] bool HoldsAll(std::string_view text) const {
    return std::ranges::all_of(text,
                               [this](char c) { return members_[static_cast<unsigned char>(c)]; });
  }

 private:
  std::array<bool, 256> members_{};
};

constexpr bool IsAlphanumeric(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr CharSet kToken([](unsigned char c) {
  return IsAlphanumeric(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
});
constexpr CharSet kFieldValue([](unsigned char c) {
  return c == '\t' || (c >= 0x20 && c != 0x7f);
});
constexpr CharSet kRequestTarget([](unsigned char c) { return c > 0x20 && c != 0x7f; });

}  // namespace

std::string_view HeadReader::Next() {
  const size_t nul = rest_.find('\0');
  const std::string_view part = rest_.substr(0, nul);
  done_ = nul == std::string_view::npos;
  rest_ = done_ ? std::string_view() : rest_.substr(nul + 1);
  return part;
}

bool IsToken(std::string_view text) { return !text.empty() && kToken.HoldsAll(text); }
bool IsFieldValue(std::string_view text) { return kFieldValue.HoldsAll(text); }
bool IsRequestTarget(std::string_view text) { return kRequestTarget.HoldsAll(text); }

void LowerCase(std::span<char> text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
}

HeadCheck NormalizeRequestHead(std::span<char> head) {
  HeadReader reader({head.data(), head.size()});
  std::array<std::string_view, kHeadFields> fields;
  for (std::string_view& field : fields) {
    if (reader.done()) return {HeadFault::kMalformed, {}};
    field = reader.Next();
  }
  if (!IsToken(fields[kMethod])) return {HeadFault::kMethod, fields[kMethod]};
  if (!IsRequestTarget(fields[kPath])) return {HeadFault::kUrl, fields[kPath]};
  if (!IsRequestTarget(fields[kQuery])) return {HeadFault::kUrl, fields[kQuery]};
  if (!IsRequestTarget(fields[kMount])) return {HeadFault::kUrl, fields[kMount]};
  size_t cost = fields[kPath].size() + fields[kQuery].size();
  while (!reader.done()) {
    const std::string_view name = reader.Next();
    if (!IsToken(name)) return {HeadFault::kHeaderName, name};
    if (reader.done()) return {HeadFault::kMalformed, name};
    const std::string_view value = reader.Next();
    if (!IsFieldValue(value)) return {HeadFault::kHeaderValue, name};
    cost += name.size() + value.size() + kHeaderOverhead;
    LowerCase(head.subspan(static_cast<size_t>(name.data() - head.data()), name.size()));
  }
  if (cost > kMaxHead) return {HeadFault::kSize, {}};
  return {};
}

}  // namespace nasgi::wire
