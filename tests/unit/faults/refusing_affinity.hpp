/// @file
/// A sched_setaffinity that refuses when it is told to, as a seccomp filter makes it.
#pragma once

namespace weft_test {

/// While it lives, no thread can be bound: EPERM.
class RefusingAffinity {
 public:
  RefusingAffinity();
  RefusingAffinity(const RefusingAffinity&) = delete;
  RefusingAffinity& operator=(const RefusingAffinity&) = delete;
  ~RefusingAffinity();
};

}  // namespace weft_test
