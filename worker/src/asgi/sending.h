#pragma once

#include <cstddef>
#include <cstdint>

#include "base/unique_fd.h"
#include "py/ref.h"

namespace nasgi::worker {

// How far one call of send() has come. Its Awaitable keeps it between steps; the cycle reads and
// writes it.
//
// Thread safety: the loop's thread only, with the GIL held.
struct Sending {
  bool accepted = false;    // the message has been checked and taken
  bool more = false;        // of a body: more_body
  bool text = false;        // of a WebSocket message: it was a str
  py::Ref body;             // bytes
  size_t offset = 0;        // of a body: bytes sent so far
  int file = -1;            // instead of `body`: the descriptor of a file
  base::UniqueFd own_file;  // owns `file`, unless that belongs to the app
  int64_t position = 0;     // in the file
  int64_t rest = 0;         // bytes of the file that are still to be sent
  bool hint = false;        // `body` is the links of an early hint
  uint64_t ticket = 0;      // of a WebSocket message: its number, once its first piece is sent
};

}  // namespace nasgi::worker
