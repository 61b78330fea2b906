#pragma once

#include <cstdint>
#include <string>
#include <vector>

// The few functions of Node-API that addon/src/streams.cc calls, without Node. Values keep what
// they were made from.
namespace nasgi::fuzz {

struct FakeValue {
  enum Kind { kUndefined, kBoolean, kNumber, kText, kBytes, kArray } kind = kUndefined;
  uint32_t number = 0;
  std::string text;
  std::vector<FakeValue*> elements;
};

// Forgets all values.
void ForgetValues();

}  // namespace nasgi::fuzz
