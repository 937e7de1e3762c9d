/// @file
/// How the monitor is woken, under relacy: no call that begins, and no stop, is overlooked by a watcher that is about to sleep. There is no time
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
      const std::uint32_t now = calls.load(std::memory_order_acquire);
      if (now != seen.load(std::memory_order_relaxed)) {
        seen.store(now, std::memory_order_release);
        seen.futex_wake(8);
      }
      pace.rest(Host{*this});
    }
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
  explorer.run<Stop>("a stop while the watcher goes to sleep", {100'000, 4, 1'000'000, 6});
  return explorer.finish();
}
