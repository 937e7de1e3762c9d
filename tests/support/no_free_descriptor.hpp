/// @file
/// A process that has used up its descriptors.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <vector>

#include <weft/io/descriptor.hpp>

namespace weft_test {

/// As long as it lives nothing can be opened in this process. What a sanitizer has opened for a moment, on whatever thread, is no room afterwards.
class NoFreeDescriptor {
 public:
  NoFreeDescriptor() {
    fillers_.reserve(kMost);
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);
    ::close(next);
    const rlimit lower{static_cast<rlim_t>(next), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &lower);
    while (fillers_.size() < kMost) {
      const int filler = ::dup(0);
      if (filler < 0) break;
      fillers_.emplace_back(filler);
    }
  }
  NoFreeDescriptor(const NoFreeDescriptor&) = delete;
  NoFreeDescriptor& operator=(const NoFreeDescriptor&) = delete;
  ~NoFreeDescriptor() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  static constexpr std::size_t kMost = 64;

  rlimit before_{};
  std::vector<weft::io::Descriptor> fillers_;
};

}  // namespace weft_test
