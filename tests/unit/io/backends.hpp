/// @file
/// Which drivers a test is run with.
#pragma once

#include <weft/weft.hpp>

#include <vector>

#include "io/driver.hpp"

/// All that work here: epoll does anywhere.
inline std::vector<weft::IoBackend> working_backends() {
  std::vector<weft::IoBackend> all{weft::IoBackend::Epoll};
  int error = 0;
  if (weft::detail::make_uring_driver(error) != nullptr) all.push_back(weft::IoBackend::Uring);
  return all;
}

inline const char* name_of(weft::IoBackend backend) { return backend == weft::IoBackend::Uring ? "io_uring" : "epoll"; }
