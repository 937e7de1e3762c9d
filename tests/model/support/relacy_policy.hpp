/// @file
/// The policy types with which the model tests instantiate the shipped protocols: every atomic operation becomes a
/// scheduling point of relacy, with the memory order that the shipped code names.
///
/// What relacy does and does not show: tests/model/README.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory_resource>
#include <mutex>
#include <source_location>
#include <type_traits>

#include <relacy/relacy.hpp>

// relacy redefines these words for the code under test; the shipped headers have to read as they are. Its replacements
// of the global operator new and delete stay, so that leaks, double frees and late accesses are found.
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno
#undef memory_order_relaxed
#undef memory_order_consume
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel
#undef memory_order_seq_cst

#include <weft/base/assert.hpp>
#include <weft/base/atomic.hpp>

// relacy leaves out the sized forms, and defines the others inline; without these the C++ library would bring its own.
inline void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
inline void operator delete[](void* memory, std::size_t) noexcept { operator delete[](memory); }

namespace model {

using Where = std::source_location;

/// Where the history of a failure says that something happened.
inline rl::debug_info info_of(const Where& where) {
  return {where.function_name(), where.file_name(), where.line()};
}

constexpr rl::memory_order order_of(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed: return rl::mo_relaxed;
    case std::memory_order_consume: return rl::mo_consume;
    case std::memory_order_acquire: return rl::mo_acquire;
    case std::memory_order_release: return rl::mo_release;
    case std::memory_order_acq_rel: return rl::mo_acq_rel;
    case std::memory_order_seq_cst: return rl::mo_seq_cst;
  }
  return rl::mo_seq_cst;
}

/// Ends the run as a failure unless `condition` holds.
inline void check(bool condition, const char* sentence, const Where& where = Where::current()) {
  if (!condition) rl::ctx().fail_test(sentence, rl::test_result_user_assert_failed, info_of(where));
}

/// std::atomic<T> as relacy sees it.
template <class T>
class Atomic {
 public:
  Atomic() : Atomic(T()) {}  // C++20: value-initialised
  Atomic(T value) : atomic_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(std::memory_order order, const Where& where = Where::current()) const {
    return atomic_.load(order_of(order), info_of(where));
  }
  void store(T value, std::memory_order order, const Where& where = Where::current()) {
    atomic_.store(value, order_of(order), info_of(where));
  }
  T exchange(T value, std::memory_order order, const Where& where = Where::current()) {
    return atomic_.exchange(value, order_of(order), info_of(where));
  }
  T fetch_add(T value, std::memory_order order, const Where& where = Where::current()) {
    return atomic_.fetch_add(value, order_of(order), info_of(where));
  }
  T fetch_sub(T value, std::memory_order order, const Where& where = Where::current()) {
    return atomic_.fetch_sub(value, order_of(order), info_of(where));
  }
  T fetch_and(T value, std::memory_order order, const Where& where = Where::current()) {
    return atomic_.fetch_and(value, order_of(order), info_of(where));
  }
  T fetch_or(T value, std::memory_order order, const Where& where = Where::current()) {
    return atomic_.fetch_or(value, order_of(order), info_of(where));
  }
  T fetch_xor(T value, std::memory_order order, const Where& where = Where::current()) {
    return atomic_.fetch_xor(value, order_of(order), info_of(where));
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success, std::memory_order failure,
                               const Where& where = Where::current()) {
    return atomic_.compare_exchange(rl::bool_t<false>(), expected, desired, order_of(success), order_of(failure),
                                    info_of(where));
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order success, std::memory_order failure,
                             const Where& where = Where::current()) {
    return atomic_.compare_exchange(rl::bool_t<true>(), expected, desired, order_of(success), order_of(failure),
                                    info_of(where));
  }

  /// The kernel's FUTEX_WAIT: looks at the word and goes to sleep in one step. May wake for no reason.
  void futex_wait(T expected, const Where& where = Where::current()) {
    rl::context& context = rl::ctx();
    context.sched();
    if (atomic_.debug_value() != expected) {
      // The kernel has seen the new value, so the caller's next load does not find the old one.
      atomic_.fetch_add(0, rl::mo_relaxed, info_of(where));
      return;
    }
    atomic_.wait(context, false, context.is_random_sched(), info_of(where));
  }
  void futex_wake(int count, const Where& where = Where::current()) {
    rl::context& context = rl::ctx();
    context.sched();
    atomic_.wake(context, count, info_of(where));
  }

 private:
  rl::atomic<T> atomic_;
};

/// Plain data: relacy reports two accesses that no edge orders, and destruction counts as a write.
template <class T>
class Plain {
 public:
  Plain() : Plain(T()) {}
  Plain(T value) { data_(rl::debug_info("Plain")).store(value); }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain& other) { return *this = static_cast<T>(other); }
  ~Plain() { data_(rl::debug_info("~Plain")).store(T()); }

  operator T() const { return data_(rl::debug_info("plain read")).load(); }
  Plain& operator=(T value) {
    data_(rl::debug_info("plain write")).store(value);
    return *this;
  }

 private:
  rl::var<T> data_;
};

/// std::mutex.
class Mutex {
 public:
  void lock() { mutex_.lock(rl::debug_info("Mutex::lock")); }
  void unlock() { mutex_.unlock(rl::debug_info("Mutex::unlock")); }

 private:
  rl::mutex mutex_;
};

/// Takes the place of weft::HardwareAtomics.
struct ModelAtomics {
  template <class T>
  using Atomic = model::Atomic<T>;
  template <class T>
  using Plain = model::Plain<T>;
  using Mutex = model::Mutex;
  template <class T>
  static void futex_wait(model::Atomic<T>& word, T expected) {
    word.futex_wait(expected);
  }
  /// Without the time limit: what only the limit would save is a deadlock here.
  template <class T, class Duration>
  static void futex_wait_for(model::Atomic<T>& word, T expected, Duration) {
    word.futex_wait(expected);
  }
  /// The time has come.
  template <class T>
  static bool futex_wait_until(model::Atomic<T>&, T, std::int64_t) {
    return false;
  }
  template <class T>
  static void futex_wake(model::Atomic<T>* word, int count) {
    word->futex_wake(count);
  }
  static void spin_pause() { rl::yield(1, rl::debug_info("spin_pause")); }
  /// Takes the place of weft::Backoff: another thread runs.
  struct Backoff {
    void pause() { spin_pause(); }
  };
};

inline void seq_cst_fence(const Where& where = Where::current()) {
  rl::atomic_thread_fence(rl::mo_seq_cst, info_of(where));
}

}  // namespace model

namespace weft::inline v0::detail {

/// A WEFT_CHECK that fails under the checker ends the run like any other failure.
inline void check_failed(const char* file, int line, const char* sentence) noexcept {
  rl::ctx().fail_test(sentence, rl::test_result_user_assert_failed, rl::debug_info("WEFT_CHECK", file, static_cast<unsigned>(line)));
  std::abort();
}

}  // namespace weft::inline v0::detail
