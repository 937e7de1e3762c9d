/// @file
/// How a thread that looks now and then is woken by those who have something for it, at the cost of a load while it looks often. Proof: README.md
/// beside this file, "blocked workers".
#pragma once

#include <cstdint>

#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// Threads: rest() by the thread that looks, the others by any.
template <class Policy>
class BasicPace {
 public:
  using Word = typename Policy::template Atomic<std::uint32_t>;

  enum class Told : std::uint8_t { Awake, Woken, Absent };

  /// After something was stored that the thread is to see. `fence()` stands between that store and the look at the pace.
  ///
  /// @return  Absent: there is no thread yet
  template <class Fence>
  Told tell(Fence fence) noexcept {
    // [monitor.pace] seq_cst: what was stored for the watcher, before the pace is read, of a store-load pair. Partner: rest().
    fence();
    // relaxed: ordered by the fence.
    if (word_.load(relaxed) == kFast) [[likely]] return Told::Awake;
    // [monitor.woken] acq_rel: what the caller did before is visible to the next look. Partner: rest().
    const std::uint32_t before = word_.exchange(kFast, acq_rel);
    if (before == kSlow) Policy::futex_wake(&word_, 1);
    return before == kAbsent ? Told::Absent : before == kSlow ? Told::Woken : Told::Awake;
  }

  /// By the thread that looks, when it has found nothing that it should look at more often.
  ///
  /// @tparam Host  heavy_fence(); must_look() is the last look; sleep(word, value) waits while the word has the value, or shorter
  template <class Host>
  void rest(Host host) noexcept {
    // relaxed: the fence orders it.
    word_.store(kSlow, relaxed);
    // [monitor.pace] seq_cst: the announcement before the last look, of a store-load pair: of this look and the one at the pace at least one sees
    // the other's store. Partner: the fence in tell().
    host.heavy_fence();
    if (!host.must_look()) host.sleep(word_, kSlow);
    // [monitor.woken] acq_rel: pairs with tell(); what is told from now on is looked at in the next turn.
    word_.exchange(kFast, acq_rel);
  }

  void begin() noexcept {
    // relaxed: what was stored for the thread before it began happens before its beginning.
    word_.store(kFast, relaxed);
  }
  void give_up() noexcept {
    // relaxed: says only that there is nobody to be woken.
    word_.store(kAbsent, relaxed);
  }
  /// Waits between two looks while it looks often.
  template <class Sleep>
  void pause(Sleep sleep) noexcept {
    sleep(word_, kFast);
  }

 private:
  static constexpr std::uint32_t kFast = 0;
  static constexpr std::uint32_t kSlow = 1;
  static constexpr std::uint32_t kAbsent = 2;

  Word word_{kAbsent};
};

}  // namespace weft::inline v0
