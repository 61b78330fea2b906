#include "wire/parts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nasgi::wire {
namespace {

// Larger than a part may be, and no multiple of its size.
const std::string kHeaders(3 * kMaxChunk + 5, 'h');

TEST(PartsTest, AFrameThatIsJoinedIsTheOneThatWasSplit) {
  for (const size_t max_record : {size_t{1000}, size_t{128 * 1024}}) {
    PartJoiner joiner;
    size_t parts = 0;
    bool ended = false;
    SendParts(Response{7, 200, kHeaders, "body", true}, max_record, [&](const Part& part) {
      EXPECT_FALSE(ended);
      EXPECT_LE(FrameBound(part), max_record);
      EXPECT_LE(part.bytes.size(), kMaxChunk);
      EXPECT_EQ(joiner.joining(), parts > 0);
      ASSERT_TRUE(joiner.Take(part));
      ended = part.end;
      ++parts;
    });
    EXPECT_TRUE(ended);
    EXPECT_GT(parts, 3U);
    const std::vector<std::byte> whole = joiner.Release();
    EXPECT_FALSE(joiner.joining());
    Frame frame;
    ASSERT_TRUE(frame.Parse(whole));
    Response response;
    ASSERT_TRUE(frame.Get(&response));
    EXPECT_EQ(response.headers, kHeaders);
    EXPECT_EQ(response.body, "body");
  }
}

TEST(PartsTest, PartsLongerThanAnyFrameAreRefused) {
  PartJoiner joiner;
  const std::string chunk(kMaxChunk, 'x');
  for (size_t taken = 0; taken < kMaxFrame; taken += chunk.size()) {
    ASSERT_TRUE(joiner.Take({chunk, false}));
  }
  EXPECT_FALSE(joiner.Take({"x", true}));
}

}  // namespace
}  // namespace nasgi::wire
