/// @file
/// weft's switch: `weft-raw` is the instructions alone, between two stacks without any state; `weft` is a Fiber, with all that travels.
#include <weft/weft.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "fiber/cases.hpp"

namespace fibers {
namespace {

class RawFiber {
 public:
  RawFiber() {
    // Stacks that are used in turn should not begin in the same lines of the cache, as weft's own do not.
    static std::size_t made = 0;
    const std::size_t shift = made++ % 16 * 64;
    auto top = (reinterpret_cast<std::uintptr_t>(stack_.get()) + kRawStackBytes - shift) & ~std::uintptr_t{15};
#if defined(__x86_64__)
    top -= sizeof(void*);  // as after a call
#endif
    switches_.self = {reinterpret_cast<void*>(&RawFiber::main), reinterpret_cast<void*>(top), nullptr, nullptr};
  }
  RawFiber(const RawFiber&) = delete;
  RawFiber& operator=(const RawFiber&) = delete;

  WEFT_ALWAYS_INLINE void resume() { weft::detail::switch_stacks<offsetof(Switches, host), offsetof(Switches, self)>(&switches_, nullptr); }
  [[nodiscard]] std::size_t runs() const { return switches_.runs; }

 private:
  struct Switches {
    weft::detail::SwitchContext host;
    weft::detail::SwitchContext self;
    std::size_t runs;
  };

  static constexpr std::size_t kRawStackBytes = std::size_t{20} << 10;

  /// What it has on its stack nobody has to destroy.
  [[noreturn]] WEFT_NOINLINE static void main(Switches* switches) {
    for (;;) {
      ++switches->runs;
      weft::detail::switch_stacks<offsetof(Switches, self), offsetof(Switches, host)>(switches, nullptr);
    }
  }

  Switches switches_{};
  const std::unique_ptr<std::byte[]> stack_{new std::byte[kRawStackBytes]};
};

/// A fiber that is resumed by hand, as no user can: the scheduler has no part in it.
class WeftFiber {
 public:
  WeftFiber() { fiber_.begin(&WeftFiber::main, this, nullptr, {}); }
  WeftFiber(const WeftFiber&) = delete;
  WeftFiber& operator=(const WeftFiber&) = delete;
  ~WeftFiber() {
    is_over_ = true;
    resume();
  }

  void resume() {
    weft::Job* const job = fiber_.job();
    job->resume(job);
  }
  [[nodiscard]] std::size_t runs() const { return runs_; }

 private:
  static weft::Job* keep_waiting(weft::detail::AfterSwitch&, weft::Fiber&) noexcept { return nullptr; }
  static weft::Job* give_back(weft::detail::AfterSwitch&, weft::Fiber& fiber) noexcept {
    weft::detail::put_fiber(fiber);
    return nullptr;
  }

  static void main(weft::Fiber& fiber, weft::detail::FinalSwitch& end) {
    auto& self = *static_cast<WeftFiber*>(fiber.argument());
    while (!self.is_over_) {
      ++self.runs_;
      weft::detail::AfterSwitch after{&WeftFiber::keep_waiting};
      fiber.suspend(after);
    }
    end.emplace<weft::detail::AfterSwitch>(&WeftFiber::give_back);
  }

  weft::Fiber& fiber_ = weft::detail::take_fiber(kStackBytes);
  std::size_t runs_ = 0;
  bool is_over_ = false;
};

[[maybe_unused]] const bool raw = add_switches<RawFiber>("weft-raw");
[[maybe_unused]] const bool whole = add_switches<WeftFiber>("weft");

}  // namespace
}  // namespace fibers
