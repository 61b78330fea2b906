#include "wire/http_head.h"

#include <algorithm>

#include "wire/protocol.h"

namespace nasgi::wire {

namespace {

// A set of byte values, which makes a check one look-up for each character.
class CharSet {
 public:
  template <class Predicate>
  explicit constexpr CharSet(Predicate predicate) {
    for (size_t c = 0; c < members_.size(); ++c) {
      members_[c] = predicate(static_cast<unsigned char>(c));
    }
  }
  [[nodiscard]] constexpr bool Holds(char c) const {
    return members_[static_cast<unsigned char>(c)];
  }
  [[nodiscard]] bool HoldsAll(std::string_view text) const {
    return std::ranges::all_of(text, [this](char c) { return Holds(c); });
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
// Each character in lower case; NUL for one that a token cannot contain.
constexpr std::array<char, 256> kLowerToken = [] {
  std::array<char, 256> lower{};
  for (size_t c = 0; c < lower.size(); ++c) {
    const char character = static_cast<char>(c);
    if (!kToken.Holds(character)) continue;
    lower[c] = character >= 'A' && character <= 'Z' ? static_cast<char>(c | 0x20) : character;
  }
  return lower;
}();
constexpr CharSet kLowerName([](unsigned char c) {
  return c != 0 && kLowerToken[c] == static_cast<char>(c);
});
constexpr CharSet kRequestTarget([](unsigned char c) { return c > 0x20 && c != 0x7f; });

}  // namespace

std::string_view HeadReader::Next() {
  const size_t nul = rest_.find('\0');
  const std::string_view part = rest_.substr(0, nul);
  done_ = nul == std::string_view::npos;
  rest_ = rest_.substr(done_ ? rest_.size() : nul + 1);
  return part;
}

bool IsToken(std::string_view text) { return !text.empty() && kToken.HoldsAll(text); }
// Without an early return, so that the compiler can check many bytes at once.
bool IsFieldValue(std::string_view text) {
  unsigned bad = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    bad |= static_cast<unsigned>(byte < 0x20) & static_cast<unsigned>(byte != '\t');
    bad |= static_cast<unsigned>(byte == 0x7f);
  }
  return bad == 0;
}
bool IsRequestTarget(std::string_view text) { return kRequestTarget.HoldsAll(text); }

bool IsHeaderList(std::string_view joined) {
  HeadReader reader(joined);
  size_t cost = 0;
  while (!reader.done()) {
    const std::string_view name = reader.Next();
    if (name.empty() || !kLowerName.HoldsAll(name) || reader.done()) return false;
    const std::string_view value = reader.Next();
    if (!IsFieldValue(value)) return false;
    cost += name.size() + value.size() + kHeaderOverhead;
  }
  return cost <= kMaxHead;
}

bool IsValueList(std::string_view joined) {
  HeadReader reader(joined);
  if (reader.done()) return false;
  while (!reader.done()) {
    if (!IsFieldValue(reader.Next())) return false;
  }
  return true;
}

bool LowerToken(std::string_view name, char* out) {
  bool ok = !name.empty();
  for (size_t i = 0; i < name.size(); ++i) {
    const char lower = kLowerToken[static_cast<unsigned char>(name[i])];
    ok = ok && lower != '\0';
    out[i] = lower != '\0' ? lower : name[i];
  }
  return ok;
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
    if (!LowerToken(name, head.data() + (name.data() - head.data()))) {
      return {HeadFault::kHeaderName, name};
    }
    if (reader.done()) return {HeadFault::kMalformed, name};
    const std::string_view value = reader.Next();
    if (!IsFieldValue(value)) return {HeadFault::kHeaderValue, name};
    cost += name.size() + value.size() + kHeaderOverhead;
  }
  if (cost > kMaxHead) return {HeadFault::kSize, {}};
  return {};
}

}  // namespace nasgi::wire
