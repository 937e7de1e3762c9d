/// @file
/// StayHere: marks what is bound to a thread, so that a fiber that takes it to another is found.
#pragma once

#include <source_location>

#include <weft/base/assert.hpp>
#include <weft/base/platform.hpp>
#include <weft/base/thread_slot.hpp>

namespace weft::inline v0 {

namespace detail {

/// What a StayHere knows. The library looks at those of a program with internal checks whether it has such checks itself or not.
struct StayHereMark {
  const char* what;
  std::source_location where;
  StayHereMark* outer;
};

/// The innermost mark on this stack, or null; a fiber takes its own with it.
WEFT_DECLARE_THREAD_SLOT(StayHereMark, stay_here)

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
      : mark_{what, where, detail::slot_stay_here()} {
    detail::set_slot_stay_here(&mark_);
  }
  ~StayHere() {
    // It is the innermost but for locks that are not unlocked in order.
    detail::StayHereMark* inner = detail::slot_stay_here();
    if (inner == &mark_) {
      detail::set_slot_stay_here(mark_.outer);
      return;
    }
    while (inner != nullptr && inner->outer != &mark_) inner = inner->outer;
    if (inner != nullptr) inner->outer = mark_.outer;
  }
#else
  explicit StayHere(const char* /*what*/, const std::source_location& /*where*/ = std::source_location::current()) noexcept {}
  ~StayHere() {}
#endif
  StayHere(const StayHere&) = delete;
  StayHere& operator=(const StayHere&) = delete;

#if WEFT_ASSERTS >= 1
 private:
  detail::StayHereMark mark_;
#endif
};

}  // namespace WEFT_ASSERTS_NAMESPACE

namespace detail {

/// Ends the process, saying what is bound to the thread that the fiber is about to leave.
[[noreturn]] WEFT_API WEFT_COLD void suspended_while_bound(const StayHereMark& mark) noexcept;

/// Called by a fiber before it suspends. In the library always: a program that has checks may call one that has none.
WEFT_ALWAYS_INLINE void check_may_suspend() noexcept {
#if WEFT_ASSERTS >= 1 || defined(WEFT_IS_LIBRARY)
  if (const StayHereMark* const mark = slot_stay_here()) [[unlikely]] suspended_while_bound(*mark);
#endif
}

}  // namespace detail

}  // namespace weft::inline v0
