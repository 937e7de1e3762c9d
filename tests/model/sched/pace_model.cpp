/// @file
/// How the monitor is woken, under relacy: no call that begins, no work that is added, and no stop, is overlooked by a watcher that is about to sleep. There is no time
/// limit here, so what only the limit would save is a deadlock. Page: lib/sched/README.md, "blocked workers".
#include <memory>

#include "support/explore.hpp"

#include "sched/pace.hpp"

namespace {

using Pace = weft::BasicPace<model::ModelAtomics>;

struct Watcher {
  Pace pace;
  model::Atomic<std::uint32_t> calls{0};
  model::Atomic<std::uint32_t> stopping{0};
  model::Atomic<std::uint32_t> seen{0};

  struct Host {
    Watcher& watcher;
    void heavy_fence() const { model::seq_cst_fence(); }
    bool must_look() const {
      return watcher.calls.load(std::memory_order_acquire) != watcher.seen.load(std::memory_order_relaxed) ||
             watcher.stopping.load(std::memory_order_acquire) != 0;
    }
    void sleep(Pace::Word& word, std::uint32_t value) const { word.futex_wait(value); }
  };

  void run() {
    while (stopping.load(std::memory_order_acquire) == 0) {
      look();
      pace.rest(Host{*this});
    }
  }
  void look() {
    const std::uint32_t now = calls.load(std::memory_order_acquire);
    if (now == seen.load(std::memory_order_relaxed)) return;
    seen.store(now, std::memory_order_release);
    seen.futex_wake(8);
  }
  void tell() {
    static_cast<void>(pace.tell([] { model::seq_cst_fence(); }));
  }
  /// Begins a call, and waits inside it until the watcher has seen it.
  void call() {
    calls.fetch_add(1, std::memory_order_release);
    tell();
  }
  void wait_until_seen(std::uint32_t count) {
    for (std::uint32_t now = 0; (now = seen.load(std::memory_order_acquire)) < count;) seen.futex_wait(now);
  }
  void stop() {
    stopping.store(1, std::memory_order_release);
    tell();
  }
};

/// Some workers begin a call each; the last one stops the watcher when all have been seen.
template <int kWorkers>
struct Calls : rl::test_suite<Calls<kWorkers>, 1 + kWorkers> {
  std::unique_ptr<Watcher> watcher;
  model::Atomic<int> left{kWorkers};

  void before() {
    watcher = std::make_unique<Watcher>();
    watcher->pace.begin();
  }
  void after() { watcher.reset(); }
  void thread(unsigned index) {
    if (index == 0) return watcher->run();
    watcher->call();
    watcher->wait_until_seen(kWorkers);
    if (left.fetch_sub(1, std::memory_order_acq_rel) == 1) watcher->stop();
  }
};

/// As Pool::watch() and Monitor::rest(): who adds work wakes the watcher only if it has said in a bit that it rests until then.
template <int kPushers>
struct Work : rl::test_suite<Work<kPushers>, 1 + kPushers> {
  std::unique_ptr<Watcher> watcher;
  model::Atomic<std::uint32_t> is_unwatched{1};
  model::Atomic<int> left{kPushers};

  struct Host : Watcher::Host {
    const Work& work;
    bool must_look() const { return work.is_unwatched.load(std::memory_order_relaxed) == 0 || Watcher::Host::must_look(); }
  };

  void before() { watcher = std::make_unique<Watcher>(); }
  void after() { watcher.reset(); }
  void thread(unsigned index) {
    if (index == 0) return watch();
    watcher->calls.fetch_add(1, std::memory_order_release);
    model::seq_cst_fence();
    if (is_unwatched.load(std::memory_order_relaxed) != 0) {
      is_unwatched.fetch_and(0, std::memory_order_acquire);
      watcher->tell();
    }
    watcher->wait_until_seen(kPushers);
    if (left.fetch_sub(1, std::memory_order_acq_rel) == 1) watcher->stop();
  }
  void watch() {
    watcher->pace.begin();
    while (watcher->stopping.load(std::memory_order_acquire) == 0) {
      watcher->look();
      is_unwatched.fetch_or(1, std::memory_order_release);
      watcher->pace.rest(Host{{*watcher}, *this});
    }
  }
};

struct Stop : rl::test_suite<Stop, 2> {
  std::unique_ptr<Watcher> watcher;

  void before() {
    watcher = std::make_unique<Watcher>();
    watcher->pace.begin();
  }
  void after() { watcher.reset(); }
  void thread(unsigned index) { index == 0 ? watcher->run() : watcher->stop(); }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<Calls<1>>("a call while the watcher goes to sleep", {100'000, 3, 1'000'000, 4});
  explorer.run<Calls<2>>("two calls", {100'000, 1, 1'000'000, 2});
  explorer.run<Work<1>>("work while the watcher goes to rest", {100'000, 3, 1'000'000, 4});
  explorer.run<Work<2>>("work by two while the watcher goes to rest", {100'000, 1, 1'000'000, 2});
  explorer.run<Stop>("a stop while the watcher goes to sleep", {100'000, 4, 1'000'000, 6});
  return explorer.finish();
}
