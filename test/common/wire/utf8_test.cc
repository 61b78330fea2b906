#include "wire/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace nasgi::wire {
namespace {

// Characters of one, two, three and four bytes, which end at 1, 3, 6 and 10.
constexpr std::string_view kText = "a\u00e9\u20ac\U0001f600";

TEST(CutUtf8Test, KeepsTextWithinTheLimit) {
  EXPECT_EQ(CutUtf8(kText, kText.size()), kText);
  EXPECT_EQ(CutUtf8(kText, kText.size() + 1), kText);
  EXPECT_EQ(CutUtf8("", 0), "");
}

TEST(CutUtf8Test, CutsOnlyBetweenCharacters) {
  ASSERT_EQ(kText.size(), 10U);
  for (const auto& [limit, kept] : {std::pair<size_t, size_t>{0, 0},
                                    {1, 1},
                                    {2, 1},
                                    {3, 3},
                                    {4, 3},
                                    {5, 3},
                                    {6, 6},
                                    {7, 6},
                                    {8, 6},
                                    {9, 6}}) {
    EXPECT_EQ(CutUtf8(kText, limit), kText.substr(0, kept)) << "limit " << limit;
  }
}

TEST(CutUtf8Test, FindsNoCharacterInContinuationBytesAlone) {
  EXPECT_EQ(CutUtf8("\x80\x80\x80", 2), "");
}

TEST(CutUtf8Test, PointsIntoTheText) {
  const std::string text = "two words";
  EXPECT_EQ(CutUtf8(text, 3).data(), text.data());
}

TEST(IsUtf8Test, TakesTheFirstAndTheLastCharacterOfEachLength) {
  for (const char* text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xe2\x82\xac\xf0\x9f\x99\x82z"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  EXPECT_TRUE(IsUtf8(std::string_view("\0", 1)));
}

TEST(IsUtf8Test, RefusesEverythingElse) {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z", "\xe0\x9f\xbf", "\xe2\x82",
        "\xe2\x82z", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x99",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "abc\xff", "\xe2\x82\xac\x80"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

}  // namespace
}  // namespace nasgi::wire
