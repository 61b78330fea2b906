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

}  // namespace
}  // namespace nasgi::wire
