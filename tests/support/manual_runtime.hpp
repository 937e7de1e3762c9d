/// @file
/// A runtime whose time is the test's.
#pragma once

#include <weft/weft.hpp>

#include <poll.h>

namespace weft_test {

/// Steps until nothing is left to do but to wait.
inline void drain(weft::Runtime& rt) {
  while (rt.step()) {
  }
}

/// Whether its descriptor is readable.
inline bool is_ready(const weft::Runtime& rt) {
  pollfd asked{rt.fd(), POLLIN, 0};
  return ::poll(&asked, 1, 0) == 1;
}

/// A stepped runtime and its clock.
struct ManualRuntime {
  weft::ManualClock clock;
  weft::Runtime rt{{.is_stepped = true, .clock = &clock}};
};

}  // namespace weft_test
