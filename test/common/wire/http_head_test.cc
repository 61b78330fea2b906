#include "wire/http_head.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

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
  std::string head =
      Join({method, "http", "1.1", path, query, "c", "1", "s", "2", "/m", "t", "", ""});
  for (const std::string_view part : headers) {
    head.push_back('\0');
    head.append(part);
  }
  return head;
}

TEST(HeadReaderTest, ReadsEachPartIncludingEmptyOnes) {
  HeadReader reader(std::string_view("a\0\0b\0", 5));
  EXPECT_EQ(reader.Next(), "a");
  EXPECT_EQ(reader.Next(), "");
  EXPECT_EQ(reader.Next(), "b");
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.Next(), "");
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.Next(), "");
}

// Callers compute the bytes between one part and a later one.
TEST(HeadReaderTest, PartsBeyondTheEndPointAtTheEnd) {
  const std::string_view head = "name";
  HeadReader reader(head);
  const std::string_view name = reader.Next();
  EXPECT_EQ(reader.Next().data(), name.data() + name.size());
  EXPECT_EQ(reader.Next().data(), name.data() + name.size());
}

TEST(LowerTokenTest, LowersLettersAndRefusesOtherThanTokens) {
  const auto lower = [](std::string name) {
    const bool ok = LowerToken(name, name.data());
    return std::pair(ok, name);
  };
  EXPECT_EQ(lower("X-Name_1~"), std::pair(true, std::string("x-name_1~")));
  EXPECT_EQ(lower("A B"), std::pair(false, std::string("a b")));
  EXPECT_FALSE(lower("").first);
  for (int c = 0; c < 256; ++c) {
    const std::string name(1, static_cast<char>(c));
    EXPECT_EQ(lower(name).first, IsToken(name)) << c;
  }
}

TEST(IsFieldValueTest, RefusesControlCharactersAnywhere) {
  for (const size_t length : {1U, 15U, 16U, 33U, 100U}) {
    for (size_t at = 0; at < length; ++at) {
      std::string value(length, '\xe9');
      EXPECT_TRUE(IsFieldValue(value));
      for (const char c : {'\0', '\n', '\r', '\x1f', '\x7f'}) {
        value[at] = c;
        EXPECT_FALSE(IsFieldValue(value)) << at << " of " << length;
      }
      value[at] = '\t';
      EXPECT_TRUE(IsFieldValue(value));
    }
  }
  EXPECT_TRUE(IsFieldValue(""));
}

TEST(IsHeaderListTest, TakesNamesInLowerCaseWithValues) {
  EXPECT_TRUE(IsHeaderList(""));
  EXPECT_TRUE(IsHeaderList(Join({"x", "y"})));
  EXPECT_TRUE(IsHeaderList(Join({"x-1", "", "set-cookie", "a\tb \xe9", "set-cookie", ""})));
}

TEST(IsHeaderListTest, RefusesWhatHttpCannotCarry) {
  for (const std::string& list :
       {Join({"x"}), Join({"", "y"}), Join({"X", "y"}), Join({":path", "y"}), Join({"x y", "z"}),
        Join({"x", "y\n"}), Join({"x", "y\x7f"}), Join({"x", "y", "z"}), Join({"x", "y", "", "z"}),
        Join({"x\xe9", "y"})}) {
    EXPECT_FALSE(IsHeaderList(list)) << list;
  }
}

TEST(IsHeaderListTest, CountsAnOverheadForEachHeader) {
  std::string list;
  const size_t most = kMaxHead / (2 + kHeaderOverhead);
  for (size_t i = 0; i < most; ++i) list += std::string(i > 0 ? "\0x\0y" : "x\0y", i > 0 ? 4 : 3);
  EXPECT_TRUE(IsHeaderList(list));
  EXPECT_FALSE(IsHeaderList(list + std::string("\0x\0y", 4)));
}

TEST(IsValueListTest, TakesOneOrMoreValues) {
  EXPECT_TRUE(IsValueList("x"));
  EXPECT_TRUE(IsValueList(Join({"x", "", "</a>; rel=x"})));
  EXPECT_FALSE(IsValueList(""));
  EXPECT_FALSE(IsValueList(Join({"x", "y\r\nz: 1"})));
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
