/// @file
/// Who can wait for the same thing, and how a test knows that somebody does: the primitives do not tell, their words do.
#pragma once

#include <weft/coro/counter.hpp>
#include <weft/sync/event.hpp>
#include <weft/sync/mutex.hpp>

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace weft_test {

enum class Kind { Coroutine, Fiber, Thread };
inline constexpr Kind kKinds[] = {Kind::Coroutine, Kind::Fiber, Kind::Thread};

inline const char* name_of(Kind kind) {
  constexpr const char* kNames[] = {"coroutine", "fiber", "thread"};
  return kNames[static_cast<int>(kind)];
}

/// The word of a counter: bit 0 locked, bit 1 waited for (include/weft/coro/counter_word.hpp).
inline bool is_waited_for(const weft::Counter& counter) {
  static_assert(std::is_standard_layout_v<weft::Counter>, "a counter begins with its word");
  return (reinterpret_cast<const std::atomic<std::uint64_t>&>(counter).load() & 3) == 2;
}

/// The word of a mutex: 0 free, 1 held, anything else changes with each who enters (lib/sync/README.md).
inline std::uintptr_t word_of(const weft::Mutex& mutex) {
  static_assert(std::is_standard_layout_v<weft::Mutex>, "a mutex begins with its word");
  return reinterpret_cast<const std::atomic<std::uintptr_t>&>(mutex).load();
}
inline bool is_waited_for(const weft::Mutex& mutex) { return word_of(mutex) > 1; }

/// The word of an event: 0 not set, 1 set, anything else: somebody waits (include/weft/sync/event_word.hpp).
inline bool is_waited_for(const weft::Event& event) {
  static_assert(std::is_standard_layout_v<weft::Event>, "an event begins with its word");
  return reinterpret_cast<const std::atomic<std::uintptr_t>&>(event).load() > 1;
}

}  // namespace weft_test
