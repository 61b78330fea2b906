#include "support/leak_check.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <vector>

namespace nasgi::test {

std::map<int, std::string> OpenFds() {
  // Collected first and resolved after the directory has been closed, so that its own descriptor is
  // not among them.
  std::vector<std::filesystem::path> entries;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    entries.push_back(entry.path());
  }
  std::map<int, std::string> fds;
  for (const auto& path : entries) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(path, error);
    if (!error) fds[std::stoi(path.filename())] = target.string();
  }
  return fds;
}

int MemfdMappings() {
  std::ifstream maps("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/memfd:") != std::string::npos) ++count;
  }
  return count;
}

void LeakCheck::OnTestStart(const testing::TestInfo&) {
  fds_ = OpenFds();
  memfd_mappings_ = MemfdMappings();
}

void LeakCheck::OnTestEnd(const testing::TestInfo&) {
  for (const auto& [fd, target] : OpenFds()) {
    if (!fds_.contains(fd)) ADD_FAILURE() << "the test left fd " << fd << " open: " << target;
  }
  EXPECT_LE(MemfdMappings(), memfd_mappings_) << "the test left shared memory mapped";
  siginfo_t info{};
  const int children = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
  EXPECT_TRUE(children == -1 && errno == ECHILD) << "the test left a child process";
}

}  // namespace nasgi::test
