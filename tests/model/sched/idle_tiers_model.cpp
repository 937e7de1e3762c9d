/// @file
/// Tiers in the idle protocol under relacy: they are closed and opened while work comes and workers run dry. States and proof: lib/sched/README.md,
/// "tiers".
#include "sched/idle_scenario.hpp"

namespace {

using namespace model_idle;

/// Two tiers of one worker each; the first sleeps, the second is awake.
template <class Derived, int kThreads, int kJobs>
struct TwoTiers : IdleScenario<Derived, kThreads, 2, kJobs> {
  struct SecondFirst {
    static bool is_any() { return false; }
    unsigned operator()(unsigned worker) const { return worker == 1 ? 0 : 1; }
  };

  void before() {
    IdleScenario<Derived, kThreads, 2, kJobs>::before();
    model::check(this->pool->idle.claim_sleeper(SecondFirst{}) == 1U, "the second worker was expected to be next");
    static_cast<void>(this->pool->idle.stop_searching());
  }
  void close() { weft::open_workers(this->pool->idle, this->host(0), 1); }
  void open() { weft::open_workers(this->pool->idle, this->host(0), 2); }
};

/// A tier is closed while its worker runs dry and work comes: it may see the work, and must not stay for it; the other is woken.
struct Closes : TwoTiers<Closes, 4, 1> {
  void thread(unsigned index) {
    if (index == 0) pool->run(0, executor());
    if (index == 1) run_on(1);
    if (index == 2) pool->inject(jobs[0]);
    if (index == 3) close();
  }
};

/// A tier is closed whose worker has work on its deque: the other takes it.
struct ClosesOnWork : TwoTiers<ClosesOnWork, 3, 2> {
  void thread(unsigned index) {
    if (index == 0) pool->run(0, executor());
    if (index == 1) {
      pool->push(1, jobs[0]);
      pool->push(1, jobs[1]);
      run_on(1);
    }
    if (index == 2) close();
  }
};

/// A tier is closed and opened again while its worker is the only one that can run what comes.
struct Opens : TwoTiers<Opens, 3, 2> {
  void before() {
    TwoTiers::before();
    jobs[0].needs = &jobs[1];
  }
  void thread(unsigned index) {
    if (index == 0) pool->run(0, executor());
    if (index == 1) run_on(1);
    if (index == 2) {
      pool->inject(jobs[0]);
      close();
      pool->inject(jobs[1]);
      open();
    }
  }
};

/// A tier is opened while work comes whose pusher finds its worker not to be woken, and the other waits for that work.
struct OpensMeanwhile : IdleScenario<OpensMeanwhile, 4, 2, 1> {
  static constexpr unsigned kBusy = 1;
  void before() {
    IdleScenario::before();
    static_cast<void>(pool->idle.set_open(1));
  }
  void thread(unsigned index) {
    if (index == 0) {
      jobs[0].done.wait();
      run_on(0);
    }
    if (index == 1) pool->run(1, executor());
    if (index == 2) pool->inject(jobs[0]);
    if (index == 3) weft::open_workers(pool->idle, host(0), 2);
  }
};

/// A tier is closed whose worker has a long job, that waits for another: which the open worker is woken for all the same.
struct LeavesLate : TwoTiers<LeavesLate, 4, 2> {
  void before() {
    TwoTiers::before();
    jobs[0].needs = &jobs[1];
  }
  void thread(unsigned index) {
    if (index == 0) pool->run(0, executor());
    if (index == 1) {
      jobs[0].input = 1;
      pool->run_on(1, &jobs[0], executor());
    }
    if (index == 2) pool->inject(jobs[1]);
    if (index == 3) close();
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<Closes>("a tier is closed while its worker runs dry and work comes", {100'000, 1, 1'500'000, 1});
  explorer.run<ClosesOnWork>("a tier is closed whose worker has work", {100'000, 1, 1'500'000, 2});
  explorer.run<Opens>("a tier is closed and opened again while work comes", {100'000, 1, 1'500'000, 1});
  explorer.run<OpensMeanwhile>("a tier is opened while work comes that another waits for", {100'000, 1, 1'500'000, 1});
  explorer.run<LeavesLate>("a tier is closed whose worker has a long job", {100'000, 1, 1'500'000, 1});
  return explorer.finish();
}
