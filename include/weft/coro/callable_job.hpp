/// @file
/// A spawned callable as a job.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <weft/coro/counter.hpp>
#include <weft/coro/frame_work.hpp>
#include <weft/coro/spawn_place.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/task_promise.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0 {

namespace detail {

/// The worker that runs this code, if it belongs to `target` and has a deque at hand for spawned jobs of this priority.
[[nodiscard]] inline WorkerContext* worker_for(const SpawnTarget& target, Priority priority) noexcept {
  WorkerContext* const worker = current_worker();
  if (worker == nullptr || worker->executor != target.executor || priority != Priority::Normal) return nullptr;
  return worker->spawn_deque != nullptr ? worker : nullptr;
}

/// Hands on the exception of a plain job, before the job is counted off.
WEFT_API void hand_on_error(Counter* counter, std::exception_ptr error) noexcept;

/// Counts off a plain job that has run on this worker. The counter may be gone afterwards.
inline void job_ended(Counter* counter) noexcept {
  WorkerContext& worker = *current_worker();
  if (counter == nullptr) {
    worker.roots_finished.add();
    return;
  }
  if (worker.ended.counter != counter) {
    count_off(worker);
    worker.ended.counter = counter;
  }
  if (++worker.ended.count >= worker.ended.most) count_off_most(worker);
}

template <class Self>
void run_callable(Job* job) noexcept {
  auto* const self = static_cast<Self*>(job);
  auto* const counter = static_cast<Counter*>(self->mark);
  try {
    static_cast<void>(self->function());
  } catch (...) {
    hand_on_error(counter, std::current_exception());
  }
  delete self;  // before the count: a waiter may rely on the closure's destructor having run
  job_ended(counter);
}

/// A callable in a deque. Frees itself when it has run. Its mark is its counter, or null.
template <class F>
struct CallableJob final : Job, FramePooled {
  static_assert(alignof(F) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "a spawned callable cannot be over-aligned: let it hold a std::unique_ptr to what needs the alignment");

  template <class G>
  CallableJob(G&& callable, Counter* counter) : Job(marked_job(&run_callable<CallableJob>, counter)), function(std::forward<G>(callable)) {}

  F function;
};

/// The same with the node that it needs in an injector.
template <class F>
struct LinkedCallableJob final : Job, FramePooled {
  static_assert(alignof(F) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "a spawned callable cannot be over-aligned: let it hold a std::unique_ptr to what needs the alignment");

  template <class G>
  LinkedCallableJob(G&& callable, Counter* counter)
      : Job(marked_job(&run_callable<LinkedCallableJob>, counter)), link{this, nullptr}, function(std::forward<G>(callable)) {}

  JobLink link;
  F function;
};

inline namespace WEFT_ASSERTS_NAMESPACE {  // what is in a FrameLived, and who runs it, belong together

template <class Self>
void run_frame_callable(Job* job) noexcept {
  auto* const self = static_cast<Self*>(job);
  auto* const counter = static_cast<Counter*>(self->mark);
  try {
    static_cast<void>(self->function());
  } catch (...) {
    hand_on_error(counter, std::current_exception());
  }
  FrameTag* const tag = FrameLived::tag_of(self);
  delete self;
  if (tag != nullptr) tag->end();
  current_worker()->frame_area.count_ended();
  job_ended(counter);
}

/// A callable that belongs to a frame, for any queue: where memory costs so little, one kind is enough.
template <class F>
struct FrameJob final : Job, FrameLived {
  static_assert(alignof(F) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "a spawned callable cannot be over-aligned: let it hold a std::unique_ptr to what needs the alignment");

  template <class G>
  FrameJob(G&& callable, Counter* counter)
      : Job(marked_job(&run_frame_callable<FrameJob>, counter)), link{this, nullptr}, function(std::forward<G>(callable)) {}

  JobLink link;
  F function;
};

/// Spawns one callable that belongs to the frame that runs now. Errors: as spawn_job.
template <class F, class Work>
void spawn_frame_job(const SpawnTarget& target, FrameArena& arena, Work&& work, Counter* counter, Priority priority,
                     const std::source_location& where) {
  std::unique_ptr<FrameJob<F>> job(new (arena, where) FrameJob<F>(std::forward<Work>(work), counter));
  WorkerContext* const worker = worker_for(target, priority);  // behind the copy, which may have suspended the fiber that spawns it
  if (worker != nullptr) worker->spawn_deque->reserve(1);
  if (counter != nullptr) counter->add();
  arena.work_started(FrameLived::tag_of(job.get()));
  if (worker != nullptr) {
    worker->roots_started.add();
    worker->spawn_deque->push_chain_reserved(1, [&](std::size_t) { return job.release(); });
    notify_work(*worker);
  } else {
    target.domain->root_started(1);
    target.executor->post(job.release()->link, priority);
  }
}

}  // namespace WEFT_ASSERTS_NAMESPACE

/// Spawns one callable. Errors: std::bad_alloc, and what moving the callable throws; then nothing was spawned.
template <class F, class Work>
void spawn_job(const SpawnTarget& target, Work&& work, Counter* counter, Priority priority) {
  if (WorkerContext* worker = worker_for(target, priority)) {
    auto job = std::make_unique<CallableJob<F>>(std::forward<Work>(work), counter);
    // To copy the callable may have suspended the fiber that spawns it.
    if constexpr (!std::is_nothrow_constructible_v<F, Work>) worker = worker_for(target, priority);
    if (worker == nullptr) return spawn_job<F>(target, std::move(job->function), counter, priority);
    worker->frames.prefetch(sizeof(CallableJob<F>));
    worker->spawn_deque->reserve(1);
    if (counter != nullptr) counter->add();
    worker->roots_started.add();
    worker->spawn_deque->push_chain_reserved(1, [&](std::size_t) { return job.release(); });
    notify_work(*worker);
    return;
  }
  auto* const job = new LinkedCallableJob<F>(std::forward<Work>(work), counter);
  if (counter != nullptr) counter->add();
  target.domain->root_started(1);
  target.executor->post(job->link, priority);
}

/// Spawns callables some at a time: one step of the counter, one look for sleepers, one lock for all of them.
class JobBatch {
 public:
  JobBatch(const SpawnTarget& target, Counter& counter, Priority priority) noexcept
      : target_(target), counter_(counter), priority_(priority), is_on_worker_(worker_for(target, priority) != nullptr) {}
  JobBatch(const JobBatch&) = delete;
  JobBatch& operator=(const JobBatch&) = delete;
  ~JobBatch() { post(); }

  /// Errors: std::bad_alloc, and what moving the callable throws; those added before are spawned all the same.
  template <class F, class Work>
  void add(Work&& work) {
    if (count_ == kMost) post();
    if (is_on_worker_) {
      keep(new CallableJob<F>(std::forward<Work>(work), &counter_), nullptr);
    } else {
      auto* const job = new LinkedCallableJob<F>(std::forward<Work>(work), &counter_);
      keep(job, &job->link);
    }
  }

  /// The same for one that belongs to the frame that runs now.
  template <class F, class Work>
  void add_to_frame(FrameArena& arena, Work&& work, const std::source_location& where) {
    if (count_ == kMost) post();
    auto* const job = new (arena, where) FrameJob<F>(std::forward<Work>(work), &counter_);
    arena.work_started(FrameLived::tag_of(job));
    keep(job, &job->link);
  }

 private:
  /// @param link  used elsewhere than on a worker only
  void keep(Job* job, JobLink* link) noexcept {
    if (is_on_worker_) {
      jobs_[count_] = job;
    } else {
      if (count_ == 0) first_ = link;
      if (last_ != nullptr) last_->next = link;
      last_ = link;
    }
    ++count_;
  }

  static constexpr std::uint32_t kMost = 64;

  WEFT_API void post() noexcept;

  const SpawnTarget target_;
  Counter& counter_;
  const Priority priority_;
  const bool is_on_worker_;
  std::uint32_t count_ = 0;
  std::array<Job*, kMost> jobs_;  // on a worker
  JobLink* first_ = nullptr;      // elsewhere
  JobLink* last_ = nullptr;
};

}  // namespace detail

}  // namespace weft::inline v0
