/// @file
/// when_any: run several tasks at once, take the first to end, stop the others.
#pragma once

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <weft/base/atomic.hpp>
#include <weft/coro/as_task.hpp>
#include <weft/coro/outcome.hpp>
#include <weft/coro/settled.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/this_task.hpp>
#include <weft/coro/when_all.hpp>

namespace weft::inline v0 {

namespace detail {

/// Who came first; lives in the frame of when_any's coroutine.
struct Race {
  static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
  Atomic<std::size_t> winner{kNobody};

  [[nodiscard]] bool win(std::size_t index) noexcept {
    std::size_t expected = kNobody;
    // relaxed: the join of the children orders the winner's outcome before its reader.
    return winner.compare_exchange_strong(expected, index, relaxed, relaxed);
  }
};

}  // namespace detail

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

template <class T, class Result>
Task<> race(Task<T> runner, Race& race, Result& result, std::size_t index) {
  Settled<T> settled(std::move(runner));
  Outcome<T> outcome = co_await settled;
  if (!race.win(index)) co_return;
  StopScope* const scope = co_await CurrentScope{};
  result.put(index, std::move(outcome));
  scope->request_stop();
}

/// The first outcome of tasks of different types.
template <class... Ts>
struct AnyOf {
  template <class T>
  void put(std::size_t index, Outcome<T>&& outcome) {
    put_at<0>(index, std::move(outcome));
  }
  template <std::size_t I, class T>
  void put_at(std::size_t index, Outcome<T>&& outcome) {
    if constexpr (I < sizeof...(Ts)) {
      if (index == I) {
        if constexpr (std::is_same_v<std::tuple_element_t<I, std::tuple<Ts...>>, T>) {
          outcome_.template emplace<I + 1>(std::move(outcome));
        }
      } else {
        put_at<I + 1>(index, std::move(outcome));
      }
    }
  }
  std::variant<std::monostate, Outcome<Ts>...> outcome_;
};

template <class T>
struct FirstOf {
  void put(std::size_t at, Outcome<T>&& first) {
    index = at;
    outcome.emplace(std::move(first));
  }
  std::size_t index = 0;
  std::optional<Outcome<T>> outcome;
};

template <class... Ts, std::size_t... I>
Task<std::variant<Held<Ts>...>> any_of_pack(std::index_sequence<I...>, Task<Ts>... tasks) {
  AnyOf<Ts...> result;
  Race who;
  co_await when_all(race<Ts, AnyOf<Ts...>>(std::move(tasks), who, result, I)...);
  // relaxed: ordered by the join.
  const std::size_t winner = who.winner.load(relaxed);
  std::optional<std::variant<Held<Ts>...>> stored;
  const auto take = [&]<std::size_t K>() {
    if (winner != K) return;
    auto& outcome = std::get<K + 1>(result.outcome_);
    using T = std::tuple_element_t<K, std::tuple<Ts...>>;
    if constexpr (std::is_void_v<T>) {
      std::move(outcome).get();
      stored.emplace(std::in_place_index<K>);
    } else {
      stored.emplace(std::in_place_index<K>, std::move(outcome).get());
    }
  };
  (take.template operator()<I>(), ...);
  co_return std::move(*stored);
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

/// What when_any over a range of tasks returns: which one was first, and its result.
template <class T>
struct First {
  std::size_t index;
  T value;
};
template <>
struct First<void> {
  std::size_t index;
};

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Runs the tasks at once; when the first has ended, asks the others to stop and waits for them too.
///
/// @return   a variant whose index is the winner's; std::monostate stands for void, std::reference_wrapper for a reference
/// Threads:  the tasks run on any worker of this runtime; on a thread that is no worker, one after another on this one.
/// Resumes:  on the worker that finished the last task.
/// Lifetime: all have ended before co_await returns, so that they may refer to the caller's locals.
/// Errors:   what the winner threw. What the others throw after they were asked to stop is dropped: they have lost. A loser that
///           does not look (this_task::stop_point), or awaits a Counter, is waited for all the same.
/// Note:     what a loser returns is dropped, too, and it may have ended well at the same moment: bytes that it has read, a connection that it has
///           accepted are gone then. A limit of time is timeout() or completed_within(), which lose nothing; else a task that can lose keeps what it
///           gets in a variable of the caller.
/// Cost:     as when_all, and one more coroutine frame per task.
/// Example:  samples/08_stop.cpp
template <class... Ts>
  requires(sizeof...(Ts) > 0)
[[nodiscard("co_await it")]] auto when_any(Task<Ts>... tasks) {
  return detail::any_of_pack<Ts...>(std::index_sequence_for<Ts...>{}, std::move(tasks)...);
}

/// The same where some are no tasks but operations, which are made tasks (as_task): `when_any(serve(listener), signals.next())`.
template <class... Ts>
  requires detail::SomeOperations<Ts...>
[[nodiscard("co_await it")]] auto when_any(Ts... operations) {
  return when_any(as_task(std::move(operations))...);
}

/// The same for any number of tasks of one type. Errors: UsageError when there is none.
template <class T>
[[nodiscard("co_await it")]] Task<First<T>> when_any(std::vector<Task<T>> tasks) {
  if (tasks.empty()) throw UsageError("weft: when_any was given no task, so none can be the first");
  detail::FirstOf<T> result;
  detail::Race who;
  std::vector<Task<>> racers;
  racers.reserve(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    racers.push_back(detail::race<T, detail::FirstOf<T>>(std::move(tasks[i]), who, result, i));
  }
  co_await when_all(std::move(racers));
  if constexpr (std::is_void_v<T>) {
    std::move(*result.outcome).get();
    First<T> first{result.index};
    co_return first;
  } else {
    First<T> first{result.index, std::move(*result.outcome).get()};
    co_return first;
  }
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
