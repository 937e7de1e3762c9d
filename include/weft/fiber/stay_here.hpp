/// @file
/// StayHere: marks what is bound to a thread, so that a fiber that takes it to another is found.
#pragma once

#include <source_location>

#include <weft/base/assert.hpp>
#include <weft/base/platform.hpp>
#include <weft/base/thread_slot.hpp>

namespace weft::inline v0 {

namespace detail {
/// The innermost StayHere on this stack, or null; a fiber takes its own with it.
WEFT_DECLARE_THREAD_SLOT(void, stay_here)
}  // namespace detail

inline namespace WEFT_ASSERTS_NAMESPACE {

/// As long as one lives, the fiber on whose stack it is may not suspend: it keeps something that belongs to the thread.
///
/// With internal checks (-Dasserts=on, or without NDEBUG) a fiber that suspends all the same ends the process with a message that names the
/// thing, its place, the fiber and where it suspends. Without them it is empty.
///
/// Threads:  one; destroyed on the stack that it was made on, in the opposite order. On no fiber it does nothing.
/// Example:  ThreadMutex, WorkerHandle
class StayHere {
 public:
#if WEFT_ASSERTS >= 1
  /// @param what  a name for it, which outlives it: "the OpenGL context"
  explicit StayHere(const char* what, const std::source_location& where = std::source_location::current()) noexcept
      : what_(what), where_(where), outer_(static_cast<StayHere*>(detail::slot_stay_here())) {
    detail::set_slot_stay_here(this);
  }
  ~StayHere() {
    // It is the innermost but for locks that are not unlocked in order.
    if (detail::slot_stay_here() == this) {
      detail::set_slot_stay_here(outer_);
      return;
    }
    for (auto* inner = static_cast<StayHere*>(detail::slot_stay_here()); inner != nullptr; inner = inner->outer_) {
      if (inner->outer_ == this) {
        inner->outer_ = outer_;
        return;
      }
    }
  }
#else
  explicit StayHere(const char* /*what*/, const std::source_location& /*where*/ = std::source_location::current()) noexcept {}
  ~StayHere() {}
#endif
  StayHere(const StayHere&) = delete;
  StayHere& operator=(const StayHere&) = delete;

#if WEFT_ASSERTS >= 1
  [[nodiscard]] const char* what() const noexcept { return what_; }
  [[nodiscard]] const std::source_location& where() const noexcept { return where_; }

 private:
  const char* what_;
  std::source_location where_;
  StayHere* outer_;
#endif
};

}  // namespace WEFT_ASSERTS_NAMESPACE

namespace detail {
/// Ends the process, saying what is bound to the thread that the fiber is about to leave.
[[noreturn]] WEFT_API WEFT_COLD void suspended_while_bound(const char* what, const std::source_location& where) noexcept;

/// Called by a fiber before it suspends.
inline namespace WEFT_ASSERTS_NAMESPACE {
WEFT_ALWAYS_INLINE void check_may_suspend() noexcept {
#if WEFT_ASSERTS >= 1
  if (const auto* const mark = static_cast<const StayHere*>(slot_stay_here())) [[unlikely]] suspended_while_bound(mark->what(), mark->where());
#endif
}
}  // namespace WEFT_ASSERTS_NAMESPACE
}  // namespace detail

}  // namespace weft::inline v0
