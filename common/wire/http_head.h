#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The head of a request or response as it travels in Request.head and Response.headers: parts
// joined by NUL.
namespace nasgi::wire {

// The parts that stand before a request's headers, in this order. Empty = not known.
enum HeadField : uint8_t {
  kMethod,
  kScheme,       // http | https
  kHttpVersion,  // 1.0 | 1.1 | 2
  kPath,         // as the client sent it, percent-encoded, without the query
  kQuery,        // without the question mark
  kClientHost,
  kClientPort,
  kServerHost,  // or the path of the unix socket
  kServerPort,  // empty for a unix socket
  kMount,       // the start of the path, as the client sent it, below which the app is served
  kFeatures,    // letters of Feature
  kTls,         // JSON of the scope's extensions.tls
  kHeadFields
};
inline constexpr std::array<std::string_view, kHeadFields> kHeadFieldNames = {
    "method",     "scheme",     "httpVersion", "path",  "query",    "clientHost",
    "clientPort", "serverHost", "serverPort",  "mount", "features", "tls"};

// What the client of a request, and Node, can do beside the ordinary.
enum Feature : char {
  kTakesTrailers = 't',
  kTakesEarlyHints = 'h',
  kTakesPush = 'p',
  kWantsContinue = 'c',  // it sends the body when it has been told to (RFC 9110, 10.1.1)
};
inline constexpr std::array<std::pair<const char*, Feature>, 4> kFeatureNames = {{
    {"TRAILERS", kTakesTrailers},
    {"EARLY_HINTS", kTakesEarlyHints},
    {"PUSH", kTakesPush},
    {"CONTINUE", kWantsContinue},
}};

struct Header {
  std::string_view name;
  std::string_view value;
};

// Reads the parts of a joined head one after the other.
class HeadReader {
 public:
  explicit HeadReader(std::string_view joined) : rest_(joined), done_(joined.empty()) {}
  [[nodiscard]] bool done() const { return done_; }
  // The next part; empty, at the end of the head, when there is none.
  std::string_view Next();

 private:
  std::string_view rest_;
  bool done_;
};

// RFC 9110, 5.6.2: what a method or a header's name may consist of.
[[nodiscard]] bool IsToken(std::string_view text);
// RFC 9110, 5.5: no control characters but the tab.
[[nodiscard]] bool IsFieldValue(std::string_view text);
// A path or query as it may stand in a request line: no controls, no space.
[[nodiscard]] bool IsRequestTarget(std::string_view text);
// Writes a header's name in lower case to `out`, which has room for it and may be the name itself.
// False: it is no token.
[[nodiscard]] bool LowerToken(std::string_view name, char* out);

// Why a head is refused; kOk = it is not.
enum class HeadFault : uint8_t { kOk, kMalformed, kMethod, kUrl, kHeaderName, kHeaderValue, kSize };
struct HeadCheck {
  HeadFault fault = HeadFault::kOk;
  std::string_view where;  // the offending method, path or header's name, within the head
};

// Checks a request's head and makes the names of its headers lower case in place.
[[nodiscard]] HeadCheck NormalizeRequestHead(std::span<char> head);

}  // namespace nasgi::wire
