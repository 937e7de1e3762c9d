#include <weft/coro/sync_wait.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <utility>

#include "base/poller.hpp"
#include "queue/timer_queue.hpp"
#include <weft/base/arrivals.hpp>
#include <weft/base/error.hpp>
#include <weft/coro/transfer.hpp>
#include <weft/coro/worker_context.hpp>
#include <weft/queue/deque.hpp>

namespace weft::inline v0::detail {

namespace {

/// A FIFO of jobs, linked through their nodes.
class JobList {
 public:
  void push(JobLink& link) noexcept {
    link.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &link;
    last_ = &link;
  }
  /// Linked ones, the last first.
  void push_row(JobLink* link) noexcept {
    (last_ != nullptr ? last_->next : first_) = in_order_of_arrival(link);
    last_ = link;
  }
  [[nodiscard]] bool is_empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] JobLink* pop() noexcept {
    JobLink* const link = first_;
    if (link == nullptr) return nullptr;
    first_ = link->next;
    if (first_ == nullptr) last_ = nullptr;
    return link;
  }

 private:
  JobLink* first_ = nullptr;
  JobLink* last_ = nullptr;
};

}  // namespace

class LocalLoop::Impl final : public WorkerContext, public Executor, public Domain {
 public:
  Impl() : Domain(UnhandledHandler("sync_wait", nullptr)), root_end_{{marked_job(&root_ended, nullptr)}, this} {
    fork_deque = &forks_;
    wake_hint = &nobody_sleeps_;
    executor = this;
    domain = this;
    timers = &timer_queue_;
  }

  [[nodiscard]] Job* root_end() noexcept { return &root_end_; }

  void run(Job* first) {
    WorkerContext* const worker_outside = set_current_worker(this);
    struct Restore {  // a coroutine of another library may let an exception out
      ~Restore() { set_current_worker(outside); }
      WorkerContext* outside;
    };
    const Restore restore{worker_outside};
    for (Job* job = first; job != nullptr; job = next()) {
      resume_job(job);
      count_off(*this);
    }
  }

  // Executor: from this thread and others
  void post(JobLink& link, Priority at) noexcept override {
    if (current_worker() == this) {
      enqueue(link, at);
      return;
    }
    const std::lock_guard lock(mutex_);
    inbox_.push(link);
    wake();
  }
  void post_chain(JobLink* first, unsigned count, Priority at) noexcept override {
    for (unsigned i = 0; i < count; ++i) {
      JobLink* const next = first->next;
      post(*first, at);
      first = next;
    }
  }

  // WorkerContext: this thread only
  void enqueue(JobLink& link, Priority at) noexcept override { ready_[static_cast<std::size_t>(at)].push(link); }
  void enqueue_last(JobLink& link, Priority at) noexcept override { enqueue(link, at); }
  void enqueue_due(JobLink* last, unsigned /*count*/, Priority at) noexcept override { ready_[static_cast<std::size_t>(at)].push_row(last); }
  bool has_ready_work() const noexcept override {
    return forks_.size_hint() != 0 || std::any_of(std::begin(ready_), std::end(ready_), [](const JobList& list) { return !list.is_empty(); });
  }
  void be_fair() noexcept override { turn_ += kFairTurn - 1 - turn_ % kFairTurn; }
  void work_added() noexcept override {}
  bool must_give_way() noexcept override { return false; }
  Job* steal_fork_of(WorkerContext&, Priority&) noexcept override { return nullptr; }
  void put_back(Job* job, Priority) noexcept override { resume_job(job); }
  void timer_is_first(TimeNs /*due_in*/) noexcept override {}
  bool is_anybody_idle() noexcept override { return false; }
  RunBy run_by() const noexcept override { return RunBy::OwnThread; }
  void adopt(std::unique_ptr<Poller> poller_here) override {
    const std::lock_guard lock(mutex_);
    owned_poller_ = std::move(poller_here);
    poller = owned_poller_.get();
  }
  void begin_blocking() noexcept override { count_off(*this); }  // nobody could run in this thread's place
  void end_blocking() noexcept override {}

  // Domain: from this thread and others
  void root_started(std::uint64_t count) noexcept override {
    const std::lock_guard lock(mutex_);
    outstanding_ += count;
  }
  void root_finished() noexcept override {
    const std::lock_guard lock(mutex_);
    --outstanding_;
    wake();
  }

 private:
  /// What there is beside those that wait for times and operations.
  enum class Else : bool { MayBeReady, Nothing };

  struct RootEnd : Job {
    Impl* loop;
  };

  static void root_ended(Job* job) {
    // As a root of its own, so that it may happen on any thread.
    static_cast<RootEnd*>(job)->loop->root_finished();
  }

  /// The next job, or null when all has ended.
  Job* next() noexcept {
    if (forks_.size_hint() != 0) {
      if (Job* const job = forks_.pop()) return job;
    }
    if (++turn_ % kFairTurn == 0) {
      if (Job* const job = next_for_fairness()) return job;
    }
    if (Job* const job = next_ready()) return job;
    for (;;) {
      if (Job* const job = wake_due(Else::Nothing)) return instead_of_sleep(job);
      if (Job* const job = next_ready()) return instead_of_sleep(job);
      const TimeNs next_timer = timer_queue_.next();
      std::unique_lock lock(mutex_);
      if (JobLink* const link = inbox_.pop()) {
        lock.unlock();
        return instead_of_sleep(link->job);
      }
      if (outstanding_ == roots_finished.get()) return nullptr;
      if (poller != nullptr) {
        poller->begin_sleep();  // under the lock: who changes something after this wakes it
        lock.unlock();
        poller->wait(next_timer);
        poller->end_sleep();
      } else if (next_timer == kNeverNs) {
        changed_.wait(lock);
      } else {
        changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(next_timer)));
      }
    }
  }

  /// What was kept back for the sleep would wait for the end of this job, and of the next ones.
  Job* instead_of_sleep(Job* job) noexcept {
    if (poller != nullptr && poller->keeps_back()) poller->poll(nullptr, Poller::Before::Work);
    return job;
  }

  /// Pre: mutex_ is held: the loop, and with it what is notified here, may end as soon as it is released.
  void wake() noexcept {
    if (poller != nullptr) return poller->notify();
    changed_.notify_one();
  }

  /// Some of those whose time has come: they run before there are more.
  bool wake_sleepers() noexcept {
    const TimeNs now = std::chrono::steady_clock::now().time_since_epoch().count();
    bool is_any = false;
    while (!is_any && timer_queue_.next_hint() <= now) is_any = timer_queue_.fire_some(now);
    return is_any;
  }

  /// Makes those ready that had waited for a time that has come, or for an operation that has ended; or gives it, if it is one operation alone.
  Job* wake_due(Else what) noexcept {
    const bool is_time = timer_queue_.next_hint() != kNeverNs && wake_sleepers();
    Poller::Next landed;
    if (poller != nullptr) {
      poller->poll(what == Else::Nothing && !is_time ? &landed : nullptr, what == Else::Nothing ? Poller::Before::Sleep : Poller::Before::Work);
    }
    return landed.job;
  }

  Job* next_ready() noexcept {
    for (JobList& list : ready_) {
      if (JobLink* const link = list.pop()) return link->job;
    }
    return nullptr;
  }

  /// What a task that yields for ever would hold back, or times that come without end: jobs from other threads, and of each priority in turn.
  Job* next_for_fairness() noexcept {
    wake_due(Else::MayBeReady);
    {
      const std::lock_guard lock(mutex_);
      if (JobLink* const link = inbox_.pop()) return link->job;
    }
    JobLink* const link = ready_[turn_ / kFairTurn % kPriorities].pop();
    return link != nullptr ? link->job : nullptr;
  }

  static constexpr std::size_t kFirstForks = 64;
  static constexpr std::uint32_t kFairTurn = 61;  // turns between two looks at what waits longest
  inline static const Atomic<std::uint32_t> nobody_sleeps_{0};

  JobDeque forks_{kFirstForks};
  JobList ready_[kPriorities];
  TimerQueue timer_queue_;
  RootEnd root_end_;
  std::uint32_t turn_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Poller> owned_poller_;  // made by the loop's thread; others look at `poller` with mutex_
  // ---- guarded by mutex_ ----
  JobList inbox_;
  std::uint64_t outstanding_ = 1;  // the task itself; plain jobs that have ended are counted in roots_finished
};

LocalLoop::LocalLoop() {
  if (current_worker() != nullptr) {
    throw UsageError(
        "weft: sync_wait was called on a worker, which it would block: a task co_awaits other tasks instead");
  }
  impl_ = std::make_unique<Impl>();
}

LocalLoop::~LocalLoop() = default;

void LocalLoop::run(Job* first) { impl_->run(first); }

Job* LocalLoop::awaiter() noexcept { return impl_->root_end(); }

Domain& LocalLoop::domain() noexcept { return *impl_; }

}  // namespace weft::inline v0::detail
