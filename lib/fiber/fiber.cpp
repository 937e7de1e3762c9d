#include <weft/fiber/fiber.hpp>

#include <cxxabi.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include "fiber/context_offsets.h"
#include "fiber/overflow.hpp"
#include "fiber/run_until_parked.hpp"
#include "fiber/sanitizer.hpp"
#include <weft/base/assert.hpp>
#include <weft/base/error.hpp>

extern "C" {
void weft_v0_fiber_entry() noexcept;
[[noreturn, gnu::visibility("hidden")]] void weft_v0_fiber_main(weft::Fiber* self) noexcept;
}

namespace weft::inline v0 {

namespace detail {
WEFT_DEFINE_THREAD_SLOT(Fiber, fiber)
WEFT_DEFINE_THREAD_SLOT(WorkerContext, forking_worker)
}  // namespace detail

namespace {

/// Where this thread keeps what travels with a fiber. The functions that say so are asked once for each thread: each costs a call.
struct ThreadSlots {
  std::uintptr_t* exceptions = nullptr;  // __cxa_eh_globals: the exceptions that are being handled, and the number of those under way
  int* error_number = nullptr;
};

constinit thread_local ThreadSlots tls_slots [[gnu::tls_model("initial-exec")]];

/// Makes a thread ready to run fibers.
WEFT_COLD void prepare_thread() noexcept {
  tls_slots.exceptions = reinterpret_cast<std::uintptr_t*>(abi::__cxa_get_globals());
  tls_slots.error_number = &errno;
  report_overflows_here();
}

}  // namespace

/// Checks what the assembly takes for granted, and is what it calls.
struct FiberSwitch {
  static_assert(std::is_standard_layout_v<Fiber>, "a pointer to it is one to its job, and back");
  static_assert(offsetof(Fiber, promise_) == 2 * sizeof(void*), "as in a coroutine frame");
  static_assert(offsetof(Fiber, resumer_) == Fiber::kResumerOffset && offsetof(Fiber, self_) == Fiber::kSelfOffset);
  static_assert(Fiber::kResumerOffset + offsetof(detail::SwitchContext, pc) == WEFT_FIBER_RESUMER_PC);
  static_assert(Fiber::kResumerOffset + offsetof(detail::SwitchContext, sp) == WEFT_FIBER_RESUMER_SP);
  static_assert(Fiber::kResumerOffset + offsetof(detail::SwitchContext, frame) == WEFT_FIBER_RESUMER_FRAME);
  static_assert(Fiber::kResumerOffset + offsetof(detail::SwitchContext, base) == WEFT_FIBER_RESUMER_BASE);
  static_assert(sizeof(Fiber) <= 2 * kCacheLine);

  /// The first and last of a fiber. Inlined into what the assembly calls: one function is entered and never left, not two.
  [[noreturn]] WEFT_ALWAYS_INLINE static void enter(Fiber& self) noexcept {
#if WEFT_ASAN
    __sanitizer_finish_switch_fiber(nullptr, &self.host_.begin, &self.host_.bytes);
#endif
    self.main_(self, self.final_);
#if WEFT_ASAN
    __sanitizer_start_switch_fiber(nullptr, self.host_.begin, self.host_.bytes);
#elif WEFT_TSAN
    // The fiber, as ThreadSanitizer knows it, will run again: what was entered and is never left would pile up.
    __tsan_func_exit();
    __tsan_switch_to_fiber(self.host_.thread, 0);
#endif
    self.switch_out(self.final_.get());
    std::terminate();  // nobody resumes it
  }
};

Fiber::Fiber(std::byte* stack_begin, std::byte* stack_end, std::uint32_t unused, std::uint32_t size_class, std::uint32_t node) noexcept
    : job_{&Fiber::resume_fiber, {&Fiber::refuse_to_destroy}},
      stack_begin_(stack_begin),
      stack_end_(stack_end),
      entry_(reinterpret_cast<void*>(&weft_v0_fiber_entry)),
      size_class_(static_cast<std::uint16_t>(size_class)),
      node_(static_cast<std::uint16_t>(node)),
      unused_(static_cast<std::uint16_t>(unused)) {}

void Fiber::annotate_begin() noexcept {
#if WEFT_ASAN
  ASAN_UNPOISON_MEMORY_REGION(stack_begin_, static_cast<std::size_t>(stack_end_ - stack_begin_));
#elif WEFT_TSAN
  if (tool_ == nullptr) tool_ = __tsan_create_fiber(0);
#endif
}

namespace {
constexpr std::uint64_t kPaint = 0x5a5a'a5a5'5a5a'a5a5;
}

WEFT_NO_SANITIZER void Fiber::paint() noexcept {
  const UnseenByValgrind unseen;  // to memcheck what an earlier fiber has left there is not to be touched
  std::fill(reinterpret_cast<volatile std::uint64_t*>(stack_begin_), reinterpret_cast<volatile std::uint64_t*>(stack_end_), kPaint);
  is_painted_ = true;
}

WEFT_NO_SANITIZER std::size_t Fiber::high_water_mark() const {
  if (!is_painted_) {
    throw UsageError("weft: this_fiber::high_water_mark needs a painted stack: set paint in FiberOptions or StackOptions");
  }
  const UnseenByValgrind unseen;  // what lies below the stack pointer
  const auto* word = reinterpret_cast<const volatile std::uint64_t*>(stack_begin_);
  while (*word == kPaint) ++word;  // ends at the frames of whoever asks, at the latest
  return static_cast<std::size_t>(stack_end_ - reinterpret_cast<const volatile std::byte*>(word));
}

/// The thread's part of a switch and back.
WEFT_ALWAYS_INLINE detail::AfterSwitch& Fiber::run_until_switch() noexcept {
#if WEFT_ASAN
  void* own_frames = nullptr;
  __sanitizer_start_switch_fiber(&own_frames, stack_begin_, static_cast<std::size_t>(stack_end_ - stack_begin_));
  detail::AfterSwitch& after = switch_in();
  __sanitizer_finish_switch_fiber(own_frames, nullptr, nullptr);
#elif WEFT_TSAN
  host_.thread = __tsan_get_current_fiber();
  // Synchronizes, so that what the thread wrote for the fiber is ordered, and with it all that ran on this thread: as for coroutines.
  __tsan_switch_to_fiber(tool_, 0);
  detail::AfterSwitch& after = switch_in();
#else
  detail::AfterSwitch& after = switch_in();
#endif
  return after;
}

namespace {

/// What a program sets of the floating-point unit: rounding, precision, masks; without the flags that instructions set.
[[maybe_unused]] unsigned floating_point_control() noexcept {
#if WEFT_ASSERTS >= 1 && defined(__x86_64__)
  std::uint32_t mxcsr = 0;
  std::uint16_t x87 = 0;
  __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
  __asm__ volatile("fnstcw %0" : "=m"(x87));
  return (mxcsr & ~0x3fu) << 16 | x87;
#elif WEFT_ASSERTS >= 1 && defined(__aarch64__)
  std::uint64_t control = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  return static_cast<unsigned>(control);
#else
  return 0;
#endif
}

}  // namespace

/// A thread that runs a fiber. It stays on this thread, so it may keep what it finds in thread-locals.
class Fiber::Thread {
 public:
  explicit Thread(Fiber& fiber) noexcept : fiber_(fiber) {}

  [[nodiscard]] Job* job() const noexcept { return fiber_.job(); }

  WEFT_ALWAYS_INLINE detail::AfterSwitch& run_to_next_switch() const noexcept {
    trade(fiber_.state_);
    detail::set_slot_fiber(&fiber_);
    detail::set_slot_forking_worker(nullptr);
    [[maybe_unused]] const unsigned floating = floating_point_control();
    detail::AfterSwitch& after = fiber_.run_until_switch();
    WEFT_ASSERT(floating == floating_point_control(),
                "a fiber has suspended or ended with another rounding mode or mask of floating-point exceptions than its thread had: these "
                "belong to the thread, so change them back before");
    trade(fiber_.state_);
    detail::set_slot_fiber(outside_);
    detail::set_slot_forking_worker(forking_worker_);
    return after;
  }

  [[nodiscard]] Job* call(detail::AfterSwitch& after) const noexcept { return after.run(after, fiber_); }

 private:
  WEFT_ALWAYS_INLINE void trade(detail::TravellingState& state) const noexcept {
    // Mostly nobody handles an exception, and then the exchange is nothing. Word by word: a load of both in one piece would have to wait for
    // the two stores before the switch.
    // The same for marks of what is bound to the thread: in a program with internal checks there are some, whatever the library was built with.
    const bool is_marked = detail::slot_stay_here() != nullptr || state.stay_here != nullptr;
    if ((exceptions_[0] | exceptions_[1] | state.exceptions[0] | state.exceptions[1]) != 0 || is_marked) [[unlikely]] trade_what_is_rare(state);
    if (*error_number_ != state.error_number) std::swap(*error_number_, state.error_number);
    detail::Trampoline* const trampoline = detail::slot_trampoline();
    detail::set_slot_trampoline(std::exchange(state.trampoline, trampoline));
  }
  WEFT_NOINLINE void trade_what_is_rare(detail::TravellingState& state) const noexcept {
    std::swap(exceptions_[0], state.exceptions[0]);
    std::swap(exceptions_[1], state.exceptions[1]);
    detail::StayHereMark* const mark = detail::slot_stay_here();
    detail::set_slot_stay_here(std::exchange(state.stay_here, mark));
  }

  Fiber& fiber_;
  std::uintptr_t* const exceptions_ = tls_slots.exceptions;
  int* const error_number_ = tls_slots.error_number;
  Fiber* const outside_ = detail::slot_fiber();
  WorkerContext* const forking_worker_ = detail::slot_forking_worker();
};

void Fiber::refuse_to_destroy(Job* /*job*/) {
  WEFT_CHECK(false, "destroy() was called on the handle of a fiber: nobody unwinds its stack but the fiber itself, so let it end");
}

void Fiber::resume_fiber(Job* job) {
  if (tls_slots.exceptions == nullptr) [[unlikely]] prepare_thread();
  Job* const next = detail::run_until_parked(Thread(*reinterpret_cast<Fiber*>(job)));
  if (next != nullptr) detail::hand_to_loop(next);
}

void Fiber::suspend_annotated([[maybe_unused]] detail::AfterSwitch& after) noexcept {
#if WEFT_ASAN
  void* own_frames = nullptr;
  __sanitizer_start_switch_fiber(&own_frames, host_.begin, host_.bytes);
  switch_out(after);
  __sanitizer_finish_switch_fiber(own_frames, &host_.begin, &host_.bytes);
#elif WEFT_TSAN
  __tsan_switch_to_fiber(host_.thread, 0);
  switch_out(after);
#else
  switch_out(after);  // not called: see require_sanitizer()
#endif
}

void detail::require_sanitizer(Sanitizer of_caller) {
  constexpr Sanitizer kOurs = WEFT_ASAN ? Sanitizer::Address : WEFT_TSAN ? Sanitizer::Thread : Sanitizer::None;
  if (of_caller == kOurs) return;
  const bool is_address = of_caller == Sanitizer::Address;
  throw UsageError(std::string("weft: a program that is compiled with ") + (is_address ? "AddressSanitizer" : "ThreadSanitizer") +
                   " runs fibers only with a weft that is, too, because the sanitizer has to be told of each switch of the stack (meson setup "
                   "-Db_sanitize=" + (is_address ? "address" : "thread") + ")");
}

}  // namespace weft::inline v0

void weft_v0_fiber_main(weft::Fiber* self) noexcept { weft::FiberSwitch::enter(*self); }
