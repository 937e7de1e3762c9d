/// @file
/// The join of the function form under relacy: each function is called once, a forker helps only with what its own call
/// has forked, and no circle of forkers waits for ever. States and proof: lib/coro/README.md, "The function form".
///
/// The rule and the deque are the shipped ones. What stands here for the scheduler is where thieves look. A forker's nap has
/// no end but the wake-up, and nobody but the threads of the scenario looks for work.
#include <array>
#include <memory>
#include <vector>

#include "support/explore.hpp"

#include "coro/stack_join.hpp"
#include <weft/queue/deque.hpp>

namespace {

struct Call;
using Policy = model::ModelAtomics;
using Deque = weft::BasicDeque<Call, Policy>;
using weft::detail::StackJobState;

/// One call of a function, or a job that is none.
struct Call {
  model::Atomic<StackJobState> state{0};
  bool is_stack_job = true;
  Call* forked_by = nullptr;
  std::vector<Call*> forks;           // the last is joined first
  std::vector<Call*> leaves;          // pushed and not joined: what a coroutine leaves
  model::Plain<int> runs{0};

  bool is_below(const Call* other) const {
    for (const Call* call = forked_by; call != nullptr; call = call->forked_by) {
      if (call == other) return true;
    }
    return false;
  }
};

/// A worker; it makes its deque itself, when it starts.
struct alignas(64) Seat {
  model::Plain<Deque*> deque{nullptr};
  std::vector<Call*> put_back;
};

template <class Derived, int kSeats, int kCalls>
struct StackJoinScenario : rl::test_suite<Derived, kSeats> {
  std::array<Seat, kSeats> seats;
  std::array<std::unique_ptr<Deque>, kSeats> deques;
  std::unique_ptr<std::array<Call, kCalls>> calls;
  // Not 0: there may be something to steal from this seat, or never more. Tells the deque's existence, and nothing of what is in it.
  std::array<model::Atomic<std::uint32_t>, kSeats> is_worth_a_look;

  void before() {
    calls = std::make_unique<std::array<Call, kCalls>>();
    self().make_tree(*calls);
  }

  void after() {
    for (Seat& seat : seats) {
      for (Call* job : seat.put_back) job->runs = job->runs + 1;
      Deque* const deque = seat.deque;
      if (deque == nullptr) continue;
      while (Call* const job = deque->pop()) {
        model::check(!job->is_stack_job, "a function is left in a deque when all have returned");
        job->runs = job->runs + 1;
      }
    }
    for (const Call& call : *calls) model::check(call.runs == 1, "a function was not called exactly once");
    for (Seat& seat : seats) seat.deque = nullptr;
    for (auto& deque : deques) deque.reset();
    calls.reset();
  }

  void thread(unsigned index) {
    Seat& seat = seats[index];
    deques[index] = std::make_unique<Deque>(2);
    seat.deque = deques[index].get();
    if (index == 0) {
      call(seat, (*calls)[0]);
    } else {
      self().steal(index);
    }
    invite_thieves(seat);
  }

  /// Takes one job of the victim, when that has forked, and calls it.
  void steal_one(unsigned index, unsigned victim) {
    auto& is_worth_it = is_worth_a_look[victim];
    while (is_worth_it.load(std::memory_order_acquire) == 0) is_worth_it.futex_wait(0);
    const weft::Steal<Call> stolen = deques[victim]->steal();
    if (stolen.status == weft::StealStatus::Got) run_taken(seats[index], *stolen.item);
  }

 private:
  struct Forker {
    static constexpr int kSpins = 1;

    Call* finish_pop() const { return deque().finish_pop(); }
    Call* pop() const { return deque().pop(); }
    void push_again(Call* popped) const { deque().push(popped); }
    bool is_joined(const Call* job) const { return job == joined; }
    void run(Call* job) const { scenario.run_taken(seat, *job); }
    Call* steal_from(StackJobState runner) const {
      if (runner == 0) return nullptr;
      Deque* const of_runner = reinterpret_cast<Seat*>(runner)->deque;
      const weft::Steal<Call> stolen = of_runner->steal();
      return stolen.status == weft::StealStatus::Got ? stolen.item : nullptr;
    }
    static bool is_stack_job(const Call* job) { return job->is_stack_job; }
    void run_find(Call* find) const {
      model::check(find->is_below(joined), "a forker calls a function on its stack that its own call has not forked");
      scenario.run_taken(seat, *find);
    }
    void give_back(Call* find) const { weft::detail::leave_taken<Policy>(&find->state, weft::detail::kReturned); }
    void put_back(Call* find) const { seat.put_back.push_back(find); }
    Deque& deque() const { return *static_cast<Deque*>(seat.deque); }

    StackJoinScenario& scenario;
    Seat& seat;
    const Call* joined;
  };

  void invite_thieves(Seat& seat) {
    auto& is_worth_it = is_worth_a_look[&seat - seats.data()];
    if (is_worth_it.exchange(1, std::memory_order_release) == 0) is_worth_it.futex_wake(kSeats);
  }

  Derived& self() { return static_cast<Derived&>(*this); }

  /// As InvokeJob::run().
  void run_taken(Seat& seat, Call& job) {
    if (!job.is_stack_job) {
      call(seat, job);
      return;
    }
    weft::detail::begin_taken(job.state, &seat);
    call(seat, job);
    weft::detail::leave_taken<Policy>(&job.state, weft::detail::kDone);
  }

  /// As parallel_invoke().
  void call(Seat& seat, Call& job) {
    Deque& deque = *static_cast<Deque*>(seat.deque);
    if (!job.forks.empty()) deque.push_chain(job.forks.size(), [&job](std::size_t i) { return job.forks[job.forks.size() - 1 - i]; });
    for (Call* const left : job.leaves) deque.push(left);
    if (!job.forks.empty()) invite_thieves(seat);
    job.runs = job.runs + 1;
    for (Call* const fork : job.forks) {
      if (deque.pop_if(fork) || weft::detail::join_taken<Policy>(fork->state, Forker{*this, seat, fork})) call(seat, *fork);
      model::check(fork->runs == 1, "a fork is joined before its function has returned");
    }
  }
};

/// 0 forks 1, which forks 2; one thief.
struct OneThief : StackJoinScenario<OneThief, 2, 3> {
  void make_tree(std::array<Call, 3>& calls) {
    fork(calls[0], {&calls[1]});
    fork(calls[1], {&calls[2]});
  }
  void steal(unsigned index) { steal_one(index, 0); }

  static void fork(Call& parent, std::vector<Call*> children) {
    for (Call* const child : children) child->forked_by = &parent;
    parent.forks = std::move(children);
  }
};

/// 0 forks 1, which forks 2 and 3; the second thief takes from the first.
struct ThiefOfThief : StackJoinScenario<ThiefOfThief, 3, 4> {
  void make_tree(std::array<Call, 4>& calls) {
    OneThief::fork(calls[0], {&calls[1]});
    OneThief::fork(calls[1], {&calls[2], &calls[3]});
  }
  void steal(unsigned index) { steal_one(index, index - 1); }
};

/// 0 forks 1, joined first, and 2, which forks 3, which forks 4. The thief of 1, when that has ended, helps the thief of 2: what
/// 0 may find then, when it still wants to help with 1, is 4, and the thief of 2 waits for whom waits for 4.
struct Circle : StackJoinScenario<Circle, 3, 5> {
  void make_tree(std::array<Call, 5>& calls) {
    OneThief::fork(calls[0], {&calls[1], &calls[2]});
    OneThief::fork(calls[2], {&calls[3]});
    OneThief::fork(calls[3], {&calls[4]});
  }
  void steal(unsigned index) {
    steal_one(index, 0);
    if (index == 2) steal_one(index, 1);
  }
};

/// The same, and what 3 calls itself leaves a job above 4: it may find out that 4 was given back while it looks at that.
struct CircleWithJobAbove : StackJoinScenario<CircleWithJobAbove, 3, 6> {
  void make_tree(std::array<Call, 6>& calls) {
    OneThief::fork(calls[0], {&calls[1], &calls[2]});
    OneThief::fork(calls[2], {&calls[3]});
    OneThief::fork(calls[3], {&calls[4]});
    calls[3].leaves = {&calls[5]};
    calls[5].is_stack_job = false;
  }
  void steal(unsigned index) {
    steal_one(index, 0);
    if (index == 2) steal_one(index, 1);
  }
};

/// The thief of 1 leaves a job behind that is no function: whoever finds it does not call it on its stack.
struct StrangeFind : StackJoinScenario<StrangeFind, 2, 3> {
  void make_tree(std::array<Call, 3>& calls) {
    OneThief::fork(calls[0], {&calls[1]});
    calls[1].leaves = {&calls[2]};
    calls[2].is_stack_job = false;
  }
  void steal(unsigned index) { steal_one(index, 0); }
};

/// What 0 calls first leaves a job above the fork, by resuming a coroutine by hand.
struct LeftAbove : StackJoinScenario<LeftAbove, 3, 4> {
  void make_tree(std::array<Call, 4>& calls) {
    OneThief::fork(calls[0], {&calls[1]});
    calls[0].leaves = {&calls[2], &calls[3]};
    calls[2].is_stack_job = calls[3].is_stack_job = false;
  }
  void steal(unsigned index) { steal_one(index, 0); }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<OneThief>("one thief", {150'000, 2, 2'500'000, 3});
  explorer.run<ThiefOfThief>("the thief has a thief", {150'000, 0, 2'500'000, 1});
  explorer.run<Circle>("three forkers, and a find that came too late", {300'000, 0, 5'000'000, 1});
  explorer.run<CircleWithJobAbove>("the same, with a job above", {300'000, 0, 5'000'000, 0});
  explorer.run<StrangeFind>("a find that is no function", {150'000, 2, 2'500'000, 3});
  explorer.run<LeftAbove>("jobs above the fork", {150'000, 0, 2'500'000, 1});
  return explorer.finish();
}
