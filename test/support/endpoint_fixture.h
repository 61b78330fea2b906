#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "shm/endpoint.h"
#include "support/connection.h"
#include "support/poll.h"

namespace nasgi::shm {

inline const size_t kCapacity = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
inline constexpr size_t kAll = SIZE_MAX;

using Texts = std::vector<std::string>;

// Both ends of a connection in one thread, stepped by hand, so that each rule is tested without
// chance.
class EndpointTest : public testing::Test {
 protected:
  EndpointTest() : node_(connection_.Open(Side::kNode)), worker_(connection_.Open(Side::kWorker)) {}

  static base::Status SendText(Endpoint& from, const std::string& text) {
    return from.Send(text.size(), [&](std::span<std::byte> room) {
      std::memcpy(room.data(), text.data(), text.size());
      return text.size();
    });
  }

  static base::Status SendHeld(Endpoint& from, const std::string& text) {
    return from.Send(
        text.size(),
        [&](std::span<std::byte> room) {
          std::memcpy(room.data(), text.data(), text.size());
          return text.size();
        },
        Bell::kHeld);
  }

  // Sends records of `size` bytes until the first one has to wait.
  static int Fill(Endpoint& from, size_t size) {
    int sent = 0;
    while (from.backlog_bytes() == 0) {
      EXPECT_TRUE(SendText(from, std::string(size, static_cast<char>('a' + sent % 26))).ok());
      ++sent;
    }
    return sent;
  }

  // What a process does when its bell rings.
  Texts Serve(Endpoint& endpoint) {
    Texts records;
    endpoint.Wake();
    do {
      EXPECT_EQ(Collect(endpoint, kAll, &records), Endpoint::Drained::kEmpty);
    } while (!endpoint.Sleep());
    return records;
  }

  static Endpoint::Drained Collect(Endpoint& endpoint, size_t max, Texts* records) {
    return endpoint.Drain(max, [&](std::span<const std::byte> record) {
      records->emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
      return true;
    });
  }

  bool NodeRings() const { return test::IsReadable(node_->bell_fd()); }
  bool WorkerRings() const { return test::IsReadable(worker_->bell_fd()); }

  test::Connection connection_{kCapacity};
  std::unique_ptr<Endpoint> node_;
  std::unique_ptr<Endpoint> worker_;
};

}  // namespace nasgi::shm
