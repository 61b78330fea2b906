#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace nasgi::test {

// Asserts after every test that it left no file descriptor, no mapping of a memfd and no child
// process behind. Installed by main.cc for every C++ test program.
class LeakCheck : public testing::EmptyTestEventListener {
 public:
  void OnTestStart(const testing::TestInfo& info) override;
  void OnTestEnd(const testing::TestInfo& info) override;

 private:
  std::map<int, std::string> fds_;
  int memfd_mappings_ = 0;
};

// Open descriptors of this process and what each refers to.
std::map<int, std::string> OpenFds();
// Lines of /proc/self/maps that belong to a memfd.
int MemfdMappings();

}  // namespace nasgi::test
