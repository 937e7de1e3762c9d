/// @file
/// How far the stack reaches while something runs.
#pragma once

#include <weft/base/platform.hpp>

#include <cstddef>
#include <cstdint>
#include <thread>

namespace weft_test {

/// Notes how deep the stack is at each call, relative to the first call on the same thread. One thread at a time.
class StackUse {
 public:
  /// Notes the depth here. The frame's address, because AddressSanitizer may keep locals elsewhere.
  WEFT_NOINLINE void note() noexcept {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    if (const std::thread::id thread = std::this_thread::get_id(); thread != thread_) {
      thread_ = thread;
      first_ = here;
    }
    if (here < first_ && first_ - here > excursion_) excursion_ = first_ - here;
  }

  /// Bytes by which the deepest note lies below the first of its thread.
  [[nodiscard]] std::size_t excursion() const noexcept { return excursion_; }

 private:
  std::thread::id thread_;
  std::uintptr_t first_ = 0;
  std::size_t excursion_ = 0;
};

/// More than this beyond the first hop means that the stack grows with the number of hops.
inline constexpr std::size_t kBoundedStack = 1024;

}  // namespace weft_test
