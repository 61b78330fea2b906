// main() of every C++ test program: GoogleTest plus the check for leaks after each test.

#include <gtest/gtest.h>

#include "support/leak_check.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  // GoogleTest owns the listener.
  testing::UnitTest::GetInstance()->listeners().Append(new nasgi::test::LeakCheck);
  return RUN_ALL_TESTS();
}
