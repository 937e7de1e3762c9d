#include <weft/coro/spawn.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace weft::inline v0 {

void count_off(WorkerContext& worker) noexcept {
  if (worker.ended.counter == nullptr) return;
  Counter* const counter = std::exchange(worker.ended.counter, nullptr);
  const std::uint32_t count = std::exchange(worker.ended.count, 0);
  counter->sub(count);
  // ---- the counter may be gone (L4) ----
  worker.roots_finished.add(count);
}

void count_off_most(WorkerContext& worker) noexcept {
  constexpr std::uint32_t kMost = 32;
  constexpr std::int64_t kMostNs = 10'000;
  EndedJobs& ended = worker.ended;
  const std::int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  const std::int64_t took = now - std::exchange(ended.counted_at, now);
  if (took > kMostNs) {
    ended.most = 1;
  } else if (took < kMostNs / 2) {
    ended.most = std::min(2 * ended.most, kMost);
  }
  count_off(worker);
}

namespace detail {

void throw_no_runtime(const char* mistake, const char* instead) {
  throw UsageError(std::string("weft: ") + mistake + " outside a runtime: call " + instead + ", or do it in a task that a runtime runs");
}

void throw_foreign_arena() {
  throw UsageError(
      "weft: a child of a TaskGroup was to start in an arena of another runtime, which would not be kept for it: spawn it there with a Counter");
}

// ---- tasks ----

void prepare_root(PromiseBase& promise, const SpawnTarget& target, Counter* counter, const std::stop_token& stop,
                  StopScope* scope) {
  if (scope == nullptr) scope = target.domain;
  const bool owns_scope = stop.stop_possible();
  promise.as_root(owns_scope ? new StopScope(scope, stop) : scope, owns_scope, counter);
}

void post_root(PromiseBase& promise, const SpawnTarget& target, Counter* counter, Priority priority) noexcept {
  if (counter != nullptr) counter->add();
  // Where finish_root() will count it off: a group counts in the domain of its parent, which may visit another runtime (resume_on).
  domain_of(promise.scope())->root_started(1);
  target.executor->post(promise.link(), priority);
  // ---- the task may be running, or gone (L4) ----
}

void finish_root(PromiseBase& promise) noexcept {
  Domain& domain = *domain_of(promise.scope());
  if (promise.owns_scope()) delete promise.scope();
  Counter* const counter = promise.counter();
  std::exception_ptr error = promise.take_error();
  promise.handle().destroy();  // before the count: a waiter may rely on the destructors of the task's locals having run
  if (error) [[unlikely]] {
    if (counter != nullptr) {
      counter->fail(std::move(error));
    } else {
      domain.unhandled(std::move(error));
    }
  }
  if (counter != nullptr) counter->sub();
  // ---- the counter may be gone (L4) ----
  domain.root_finished();
}

// ---- callables ----

void hand_on_error(Counter* counter, std::exception_ptr error) noexcept {
  if (counter != nullptr) {
    counter->fail(std::move(error));
  } else {
    current_worker()->domain->unhandled(std::move(error));
  }
}

void JobBatch::post() noexcept {
  const std::uint32_t count = std::exchange(count_, 0);
  if (count == 0) return;
  counter_.add(count);
  if (!is_on_worker_) {
    target_.domain->root_started(count);
    last_ = nullptr;
    target_.executor->post_chain(std::exchange(first_, nullptr), count, priority_);
    return;
  }
  WorkerContext& worker = *current_worker();  // not kept: the calls between may have changed the thread
  worker.roots_started.add(count);
  try {
    worker.spawn_deque->push_chain(count, [this](std::size_t i) { return jobs_[i]; });
    notify_work(worker);
  } catch (const std::bad_alloc&) {
    for (std::uint32_t i = 0; i < count; ++i) worker.put_back(jobs_[i], priority_);
  }
}

}  // namespace detail

}  // namespace weft::inline v0
