#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The head of a request or response as it travels in Request.head and Response.headers: its parts,
// joined by NUL.
//
// Thread safety: each object, one thread at a time; the functions, any thread.
// Lifetime: views point into the text that was passed in and must not outlive it.
// Failure: a check returns false, or the reason for which it refuses the text.
namespace nasgi::wire {

// The parts of a request's head before its headers, in this order. An empty part is not known.
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
  kMount,       // the prefix of the path, as the client sent it, below which the app is mounted
  kFeatures,    // letters of Feature
  kTls,         // the scope's extensions.tls as JSON
  kData,        // the scope's state.node as msgpack, percent-encoded where it has NUL or '%'
  kHeadFields
};
inline constexpr std::array<std::string_view, kHeadFields> kHeadFieldNames = {
    "method",     "scheme",     "httpVersion", "path",     "query", "clientHost", "clientPort",
    "serverHost", "serverPort", "mount",       "features", "tls",   "data"};

// Optional abilities of a request's client that Node supports, too.
enum Feature : char {
  kTakesTrailers = 't',
  kTakesEarlyHints = 'h',
  kTakesPush = 'p',
  kWantsContinue = 'c',  // it sends the body only after a 100 response (RFC 9110, 10.1.1)
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

// Reads the parts of a joined head, one after the other.
class HeadReader {
 public:
  explicit HeadReader(std::string_view joined) : rest_(joined), done_(joined.empty()) {}
  [[nodiscard]] bool done() const { return done_; }
  // The next part; empty when done().
  [[nodiscard]] std::string_view Next();

 private:
  std::string_view rest_;
  bool done_;
};

// Whether `text` is a token, as a method and a header name must be (RFC 9110, 5.6.2).
[[nodiscard]] bool IsToken(std::string_view text);
// Whether `text` is a valid header value: without control characters except the tab (RFC
// 9110, 5.5).
[[nodiscard]] bool IsFieldValue(std::string_view text);
// Whether `text` can be the path or query of a request line: without control characters and spaces.
[[nodiscard]] bool IsRequestTarget(std::string_view text);
// Whether `joined` is a list of headers as a Response has it: name, value, name, value …, with
// names in lower case, within kMaxHead. A list without headers is empty.
[[nodiscard]] bool IsHeaderList(std::string_view joined);
// Whether `joined` is a list of one or more header values.
[[nodiscard]] bool IsValueList(std::string_view joined);
// Writes a header name in lower case to `out`, which has room for it and may be the name itself.
// False: it is not a token.
[[nodiscard]] bool LowerToken(std::string_view name, char* out);

// Why a head is refused; kOk if it is not.
enum class HeadFault : uint8_t { kOk, kMalformed, kMethod, kUrl, kHeaderName, kHeaderValue, kSize };
struct HeadCheck {
  HeadFault fault = HeadFault::kOk;
  std::string_view where;  // the offending method, path or header name, within the head
};

// Checks the head of a request, and changes the names of its headers to lower case in place.
[[nodiscard]] HeadCheck NormalizeRequestHead(std::span<char> head);

}  // namespace nasgi::wire
