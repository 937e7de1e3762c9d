/// @file
/// What the thread of a worker looks into for operations of the kernel that have ended, and sleeps in once there is one: the scheduler's side of an
/// I/O driver. Page: lib/io/README.md.
#pragma once

#include <cstdint>

#include <weft/base/atomic.hpp>
#include <weft/base/job.hpp>
#include <weft/base/priority.hpp>

namespace weft::inline v0 {

/// Threads: by its owner, the thread of the worker that has it, except where a member says something else.
class Poller {
 public:
  Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  virtual ~Poller() = default;

  /// Somebody whose operation has ended, to be run at once.
  struct Next {
    Job* job = nullptr;
    Priority at = Priority::Normal;
  };

  /// What the owner is about to do.
  enum class Before : bool {
    Work,
    Sleep,  ///< unless it finds something after all: an operation that will wait in the kernel anyway is handed over by wait(), and not before
  };

  /// Hands to the kernel what was started, and wakes those whose operation has ended. False: there was none. Cost: some loads while there is nothing
  /// to hand over and nothing has ended.
  ///
  /// @param next  null: all are woken. Else one that is alone, and belongs to the worker here, is given there instead: by a worker that has nothing else
  ///              to do, which saves the way through its queue
  virtual bool poll(Next* next, Before before) noexcept = 0;
  /// Whether poll() keeps something back for wait(). Who finds something else to do hands it over first: poll(Before::Work).
  // relaxed: by the owner, and its own signal handler.
  [[nodiscard]] bool keeps_back() const noexcept { return keeps_back_.load(relaxed); }

  /// Between these two calls notify() ends a wait(); what it was called for before begin_sleep() is seen by whoever looks after that.
  virtual void begin_sleep() noexcept = 0;
  virtual void end_sleep() noexcept = 0;
  /// Sleeps until an operation has ended, it is notified, or the time has come (ns of the steady clock); may return early.
  virtual void wait(std::int64_t until_ns) noexcept = 0;
  /// Threads: any.
  virtual void notify() noexcept = 0;

  /// Asks the kernel to end all operations. Threads: any.
  virtual void cancel_all() noexcept = 0;

  /// Whether there are operations that have not ended, as far as it looks. Threads: any.
  [[nodiscard]] virtual bool has_pending() const noexcept = 0;

  /// Whether whoever watches the workers looks into it often, so that it need not be told of an operation. By the owner, after one was begun, behind a
  /// fence that orders the two; see Monitor::rest().
  // relaxed: [monitor.pace] orders it.
  [[nodiscard]] bool is_watched() const noexcept { return is_watched_.load(relaxed); }
  /// By whoever watches.
  // relaxed: as above.
  void set_watched(bool is) noexcept {
    if (is_watched_.load(relaxed) != is) is_watched_.store(is, relaxed);
  }

  /// A descriptor that is readable when poll() may find something, or notify() was called, until poll() is; negative: there can be none. From here on
  /// notify() takes the owner for one that sleeps elsewhere.
  [[nodiscard]] virtual int file() noexcept = 0;
  /// The thread that owns it, as the kernel knows it; 0: any may use it. Threads: any.
  [[nodiscard]] virtual int owner() const noexcept = 0;
  /// Whether something waits for the owner to call poll(). Threads: any.
  [[nodiscard]] virtual bool wants_owner() const noexcept = 0;
  /// The part of poll() that may be done in a signal handler of the owner's thread, wherever the signal has come: what has ended is visible to others
  /// afterwards.
  virtual void interrupt() noexcept = 0;
  /// Wakes those whose operation has ended as far as others may. False: there was none. Threads: any.
  virtual bool poll_for_owner() noexcept = 0;

 protected:
  // relaxed: as in keeps_back().
  void set_keeps_back(bool is) noexcept { keeps_back_.store(is, relaxed); }

 private:
  Atomic<bool> is_watched_{true};
  Atomic<bool> keeps_back_{false};
};

/// Whether the owner of a Poller sleeps, so that nobody makes a system call to wake a thread that is awake. (lib/io/README.md, "asleep in the kernel")
template <class Policy>
class BasicSleepWord {
 public:
  void begin() noexcept {
    // [poller.sleep] acq_rel: whoever's notify() came before has done what it is about before the owner looks, after this. Partner: notify().
    static_cast<void>(word_.exchange(kAsleep, acq_rel));
  }
  void end() noexcept {
    // relaxed: the owner is awake, and looks at everything before it sleeps again.
    word_.store(kAwake, relaxed);
  }
  /// True: the owner sleeps, or is about to, and nobody else wakes it. After what the owner is to see. Threads: any.
  [[nodiscard]] bool notify() noexcept {
    // [poller.sleep] acq_rel: as in begin(): of the two exchanges the later one sees the earlier.
    return word_.exchange(kAwake, acq_rel) == kAsleep;
  }

 private:
  static constexpr std::uint32_t kAwake = 0;
  static constexpr std::uint32_t kAsleep = 1;
  typename Policy::template Atomic<std::uint32_t> word_{kAwake};
};

using SleepWord = BasicSleepWord<HardwareAtomics>;

}  // namespace weft::inline v0
