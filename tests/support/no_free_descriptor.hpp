/// @file
/// A process that has used up its descriptors.
#pragma once

#include <sys/resource.h>

namespace weft_test {

/// As long as it lives nothing can be opened in this process. What a sanitizer has opened for a moment, on whatever thread, is no room afterwards.
class NoFreeDescriptor {
 public:
  NoFreeDescriptor() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    // Below all that is open, not just above it: what another thread closes meanwhile, UBSan's look at a virtual call among others, is not free then.
    // Not 0, which poll() takes for no file at all.
    const rlimit lower{1, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &lower);
  }
  NoFreeDescriptor(const NoFreeDescriptor&) = delete;
  NoFreeDescriptor& operator=(const NoFreeDescriptor&) = delete;
  ~NoFreeDescriptor() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace weft_test
