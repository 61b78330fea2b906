#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace nasgi::base {
namespace {

TEST(StatusTest, DefaultIsOk) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), Status::Code::kOk);
  EXPECT_EQ(status.message(), "");
  EXPECT_TRUE(Status::Ok().ok());
}

TEST(StatusTest, ErrnoNamesTheOperationAndTheReason) {
  const Status status = Status::FromErrno("open of nothing", ENOENT);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), Status::Code::kOs);
  EXPECT_EQ(status.error_number(), ENOENT);
  EXPECT_EQ(status.message(), "open of nothing: No such file or directory");
}

TEST(StatusTest, EachFactoryHasItsCode) {
  EXPECT_EQ(Status::Corrupt("a").code(), Status::Code::kCorrupt);
  EXPECT_EQ(Status::InvalidArgument("b").code(), Status::Code::kInvalidArgument);
  EXPECT_EQ(Status::TooLarge("c").code(), Status::Code::kTooLarge);
  EXPECT_EQ(Status::TooLarge("c").message(), "c");
  EXPECT_EQ(Status::TooLarge("c").error_number(), 0);
}

TEST(ResultTest, HoldsAValueThatOnlyMoves) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result.status().ok());
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(ResultTest, HoldsAFailure) {
  const Result<int> result(Status::Corrupt("broken"));
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.status().message(), "broken");
}

TEST(ResultDeathTest, AFailureHasNoValue) {
  Result<int> result(Status::Corrupt("broken"));
  EXPECT_DEATH((void)result.value(), "");
}

TEST(ResultDeathTest, AFailureNeedsAReason) { EXPECT_DEATH((void)Result<int>(Status::Ok()), ""); }

}  // namespace
}  // namespace nasgi::base
