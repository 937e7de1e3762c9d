/// @file
/// Runs one parallel loop in both forms, so that a test says once what holds for both.
#pragma once

#include <weft/weft.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <vector>

namespace weft_test {

enum class Form { Awaited, Blocking };

inline constexpr Form kForms[] = {Form::Awaited, Form::Blocking};
inline constexpr unsigned kNumbersOfWorkers[] = {1, 2, 4};

template <class First, class Last, class Body>
weft::Task<> await_loop(First first, Last last, Body& body, weft::ParallelForOptions options) {
  co_await weft::parallel_for(first, last, std::ref(body), options);
}

/// Runs the loop over [first, last) in a task, or in a job, of `rt`.
template <class First, class Last, class Body>
void run_loop_over(weft::Runtime& rt, Form form, First first, Last last, Body& body, weft::ParallelForOptions options = {}) {
  if (form == Form::Awaited) {
    rt.run(await_loop(first, last, body, options));
  } else {
    rt.run([&] { weft::sync_parallel_for(first, last, body, options); });
  }
}

/// The same for bodies that matter by what they do only: the loop is compiled once for each type of index, and not for each body.
template <class First, class Last, class Body>
void run_loop(weft::Runtime& rt, Form form, First first, Last last, Body&& body, weft::ParallelForOptions options = {}) {
  using Index = std::common_type_t<First, Last>;
  if constexpr (std::is_invocable_v<Body&, Index, Index>) {
    std::function<void(Index, Index)> chunk = std::ref(body);
    run_loop_over(rt, form, first, last, chunk, options);
  } else {
    std::function<void(Index)> each = std::ref(body);
    run_loop_over(rt, form, first, last, each, options);
  }
}

/// How often each index was visited.
class Visits {
 public:
  explicit Visits(std::size_t count) : visits_(count) {}

  void add(std::size_t i) { visits_[i].fetch_add(1); }
  void add(std::size_t first, std::size_t last) {
    for (; first != last; ++first) add(first);
  }
  [[nodiscard]] std::size_t size() const { return visits_.size(); }
  [[nodiscard]] bool all_are(int wanted) const {
    for (const auto& visits : visits_) {
      if (visits.load() != wanted) return false;
    }
    return true;
  }

 private:
  std::vector<std::atomic<int>> visits_;
};

}  // namespace weft_test
