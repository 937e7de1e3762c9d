#include <weft/coro/invoke.hpp>

#include "base/futex.hpp"
#include "coro/stack_join.hpp"
#include <weft/coro/transfer.hpp>

namespace weft::inline v0::detail {

namespace {

struct JoinPolicy : HardwareAtomics {
  static void spin_pause() noexcept { cpu_relax(); }
  static void futex_wait_for(const Atomic<StackJobState>& word, StackJobState expected, std::chrono::nanoseconds timeout) noexcept {
    v0::futex_wait_for(word, expected, timeout);
  }
  static void futex_wake(const Atomic<StackJobState>* word, int count) noexcept { v0::futex_wake(word, count); }
};

}  // namespace

char StackJob::kMark = 0;

void StackJob::begin() noexcept { begin_taken(state_, current_worker()); }
void StackJob::end() noexcept { leave_taken<JoinPolicy>(&state_, kDone); }
void StackJob::give_back() noexcept { leave_taken<JoinPolicy>(&state_, kReturned); }

/// The forker as join_taken() needs it.
struct StackJob::Forker {
  static constexpr int kSpins = 200;

  Job* finish_pop() const noexcept { return worker.fork_deque->finish_pop(); }
  Job* pop() const noexcept { return worker.fork_deque->pop(); }
  void push_again(Job* popped) const noexcept {
    worker.fork_deque->push(popped);  // there is room: it was there before
    notify_work(worker);              // a worker that fell asleep meanwhile has not seen it
  }
  bool is_joined(const Job* job) const noexcept { return job == joined; }
  void run(Job* job) const noexcept { resume_job(job); }
  Job* steal_from(StackJobState runner) noexcept {
    return runner != 0 ? worker.steal_fork_of(*reinterpret_cast<WorkerContext*>(runner), from) : nullptr;
  }
  static bool is_stack_job(const Job* job) noexcept { return is_one(*job); }
  void run_find(Job* find) const noexcept { find->resume(find); }
  void give_back(Job* find) const noexcept { static_cast<StackJob*>(find)->give_back(); }
  void put_back(Job* find) const noexcept { worker.put_back(find, from); }

  WorkerContext& worker;
  const StackJob* joined;
  Priority from = Priority::Normal;  // where the last find lay
};

bool StackJob::join_slow() noexcept { return join_taken<JoinPolicy>(state_, Forker{*current_worker(), this}); }

}  // namespace weft::inline v0::detail
