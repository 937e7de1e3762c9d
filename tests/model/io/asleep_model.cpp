/// @file
/// The sleep of a thread in its poller, under relacy: no token, no request and no completion is overlooked by a thread that is about to sleep there. Proof:
/// lib/io/README.md, "asleep in the kernel". There is no time limit here, so what is overlooked is a deadlock.
///
/// The parker, the sleep word and the right to take completions are the shipped ones; the kernel is a word that whoever wakes writes, and that ends
/// the wait.
#include <memory>

#include "support/explore.hpp"

#include "base/parker.hpp"
#include "io/reap_right.hpp"

namespace {

constexpr std::int64_t kNever = 0;  // the model has no clock

struct Poller;
struct Policy : model::ModelAtomics {
  using Poller = ::Poller;
};

struct Poller {
  weft::BasicSleepWord<model::ModelAtomics> word;
  weft::detail::BasicReapRight<model::ModelAtomics> right;
  model::Atomic<std::uint32_t> completions{0};  // in the ring: what ends the wait
  model::Atomic<std::uint32_t> requests{0};     // in the driver's list: looked at before the wait
  model::Atomic<std::uint32_t> done{0};

  void begin_sleep() { word.begin(); }
  void end_sleep() { word.end(); }
  void wait(std::int64_t) {
    if (requests.load(std::memory_order_relaxed) != 0) return;
    right.sleep([this] {
      if (completions.load(std::memory_order_acquire) == 0) completions.futex_wait(0);
    });
  }
  void notify() {
    if (!word.notify()) return;
    complete();
  }
  void complete() {
    completions.store(1, std::memory_order_release);
    completions.futex_wake(1);
  }
  /// The owner's look.
  void poll() {
    take_completions(true);
    if (requests.exchange(0, std::memory_order_acquire) == 0) return;
    done.store(1, std::memory_order_release);
    done.futex_wake(8);
  }
  void take_completions(bool is_owner) {
    if (completions.load(std::memory_order_relaxed) == 0 || !right.try_take()) return;
    if (completions.exchange(0, std::memory_order_acquire) != 0 && !is_owner) right.note_wake_up();
    right.give_back();
  }
  /// A request of another thread, and its end.
  void ask() {
    requests.store(1, std::memory_order_release);
    notify();
    while (done.load(std::memory_order_acquire) == 0) done.futex_wait(0);
  }
};

enum class Third { Nobody, Asks, Looks };

/// Thread 0 sleeps in its poller until it has the token; before, it serves a request if there is one. Another may look for it meanwhile.
template <Third kThird>
struct Asleep : rl::test_suite<Asleep<kThird>, kThird == Third::Nobody ? 2 : 3> {
  std::unique_ptr<Poller> poller;
  std::unique_ptr<weft::BasicParker<Policy>> parker;
  model::Plain<int> work{0};
  model::Atomic<std::uint32_t> is_asked{kThird == Third::Asks ? 0U : 1U};

  void before() {
    poller = std::make_unique<Poller>();
    parker = std::make_unique<weft::BasicParker<Policy>>();
    parker->sleep_in(*poller);
  }
  void after() {
    parker.reset();
    poller.reset();
  }
  void thread(unsigned index) {
    if (index == 0) {
      while (!parker->park_until(kNever)) poller->poll();
      RL_ASSERT(static_cast<int>(work) == 1);
      return;
    }
    if (index == 2 && kThird == Third::Looks) return look();
    if (index == 2) {
      poller->ask();
      is_asked.store(1, std::memory_order_release);
      is_asked.futex_wake(1);
      return;
    }
    while (is_asked.load(std::memory_order_acquire) == 0) is_asked.futex_wait(0);
    work = 1;
    parker->unpark();
  }
  void look() {
    constexpr int kLooks = 2;
    for (int i = 0; i < kLooks; ++i) poller->take_completions(false);
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<Asleep<Third::Nobody>>("a token for a thread that is about to sleep", {500'000, 3, 2'000'000, 5});
  explorer.run<Asleep<Third::Looks>>("a token whose wake-up somebody else may take", {500'000, 3, 2'000'000, 5});
  explorer.run<Asleep<Third::Asks>>("a request, and then a token", {500'000, 3, 2'000'000, 5});
  return explorer.finish();
}
