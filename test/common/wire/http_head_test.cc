#include "wire/http_head.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/protocol.h"

namespace nasgi::wire {
namespace {

std::string Join(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const std::string_view part : parts) joined.append(part).push_back('\0');
  joined.pop_back();
  return joined;
}

std::string Head(std::string_view method, std::string_view path, std::string_view query,
                 std::initializer_list<std::string_view> headers) {
  std::string head = Join({method, "http", "1.1", path, query, "c", "1", "s", "2", "/m", "t", ""});
  for (const std::string_view part : headers) {
    head.push_back('\0');
    head.append(part);
  }
  return head;
}

TEST(HeadReaderTest, ReadsEachPartEmptyOnesToo) {
  HeadReader reader(std::string_view("a\0\0b\0", 5));
  EXPECT_EQ(reader.Next(), "a");
  EXPECT_EQ(reader.Next(), "");
  EXPECT_EQ(reader.Next(), "b");
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.Next(), "");
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.Next(), "");
}

TEST(NormalizeRequestHeadTest, MakesNamesLowerCaseAndNothingElse) {
  std::string head = Head("GET", "/A", "B=C", {"X-Name", "Value", "HOST", ""});
  EXPECT_EQ(NormalizeRequestHead(head).fault, HeadFault::kOk);
  EXPECT_EQ(head, Head("GET", "/A", "B=C", {"x-name", "Value", "host", ""}));
}

TEST(NormalizeRequestHeadTest, SaysWhatIsWrong) {
  const struct {
    HeadFault fault;
    std::string_view where;
    std::string head;
  } table[] = {
      {HeadFault::kMethod, "", Head("", "/", "", {})},
      {HeadFault::kMethod, "GE T", Head("GE T", "/", "", {})},
      {HeadFault::kUrl, "/a b", Head("GET", "/a b", "", {})},
      {HeadFault::kUrl, "a\nb", Head("GET", "/", "a\nb", {})},
      {HeadFault::kHeaderName, "", Head("GET", "/", "", {"", "v"})},
      {HeadFault::kHeaderName, "a b", Head("GET", "/", "", {"a b", "v"})},
      {HeadFault::kHeaderName, "a\xe9", Head("GET", "/", "", {"a\xe9", "v"})},
      {HeadFault::kHeaderValue, "a", Head("GET", "/", "", {"a", "x\r\ny: z"})},
      {HeadFault::kHeaderValue, "b", Head("GET", "/", "", {"a", "\t\xe9", "b", "\x7f"})},
      {HeadFault::kMalformed, "b", Head("GET", "/", "", {"a", "v", "b"})},
      {HeadFault::kMalformed, "", Join({"GET", "http", "1.1"})},
      {HeadFault::kMalformed, "", ""},
  };
  for (const auto& row : table) {
    std::string head = row.head;
    const HeadCheck check = NormalizeRequestHead(head);
    EXPECT_EQ(check.fault, row.fault) << row.where;
    EXPECT_EQ(check.where, row.where);
  }
}

TEST(NormalizeRequestHeadTest, CountsAnOverheadForEachHeader) {
  const std::string fits(kMaxHead - 1 - 1 - kHeaderOverhead, 'v');
  std::string head = Head("GET", "/", "", {"a", fits});
  EXPECT_EQ(NormalizeRequestHead(head).fault, HeadFault::kOk);
  head.push_back('v');
  EXPECT_EQ(NormalizeRequestHead(head).fault, HeadFault::kSize);
}

}  // namespace
}  // namespace nasgi::wire
