#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace nasgi::test {

// Checks after every test that it has left no file descriptor, no mapping of a memfd and no child
// process. main.cc installs it in every C++ test program.
class LeakCheck : public testing::EmptyTestEventListener {
 public:
  void OnTestStart(const testing::TestInfo& info) override;
  void OnTestEnd(const testing::TestInfo& info) override;

 private:
  std::map<int, std::string> fds_;
  int memfd_mappings_ = 0;
};

// The open descriptors of this process, and what each refers to.
std::map<int, std::string> OpenFds();
// The number of lines in /proc/self/maps that belong to a memfd.
int MemfdMappings();

}  // namespace nasgi::test
