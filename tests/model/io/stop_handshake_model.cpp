/// @file
/// The end of an operation whose stop is asked for, under relacy: it is woken once, after its result is there, and nobody touches it afterwards. Proof:
/// lib/io/README.md, "an operation".
///
/// The handshake is the shipped one. The driver is reduced to its list of requests, and the kernel to one thread that lands the operation by itself, or
/// only when it is told to end it.
#include <memory>

#include "support/explore.hpp"

#include <weft/io/stop_handshake.hpp>

namespace {

using Handshake = weft::detail::BasicStopHandshake<model::ModelAtomics>;

/// A flag that threads wait for without spinning.
class Event {
 public:
  void set() {
    state_.store(1, std::memory_order_release);
    state_.futex_wake(8);
  }
  void wait() {
    while (state_.load(std::memory_order_acquire) == 0) state_.futex_wait(0);
  }

 private:
  model::Atomic<std::uint32_t> state_{0};
};

struct Operation {
  Handshake stop;
  model::Plain<int> driver{0};  // written by whoever starts it
  model::Plain<int> result{0};
  model::Plain<int> link{0};    // in the driver's list
  model::Plain<int> freed{0};   // written by whoever waited: a race with every other access
};

/// What outlives the operation.
struct World {
  std::unique_ptr<Operation> operation = std::make_unique<Operation>();
  model::Atomic<std::uint32_t> requests{0};  // 1: it is in the list
  model::Atomic<int> wakes{0};
  Event woken;
  Event has_asked;       // the callback has returned
  Event asked_or_never;  // the owner need not look for a request any more
  Event started;         // or it never will be
  Event must_end;        // the kernel is to end it
  model::Plain<bool> is_started{false};

  void wake() {
    const int before = wakes.fetch_add(1, std::memory_order_acq_rel);
    RL_ASSERT(before == 0);
    woken.set();
  }
  void take_request() {
    if (requests.exchange(0, std::memory_order_acquire) == 0) return;
    static_cast<void>(static_cast<int>(operation->link));
    if (operation->stop.take()) {
      must_end.set();
    } else {
      wake();
    }
  }
};

/// Thread 0 owns the driver, 1 asks for the stop, 2 lands, 3 waits and then frees.
template <class Derived>
struct Scenario : rl::test_suite<Derived, 4> {
  std::unique_ptr<World> world;

  void before() { world = std::make_unique<World>(); }
  void after() {
    RL_ASSERT(world->wakes.load(std::memory_order_relaxed) == 1);
    world.reset();
  }

  void thread(unsigned index) {
    World& at = *world;
    switch (index) {
      case 0: return own(at);
      case 1: return ask(at);
      case 2: return land(at);
      default: break;
    }
    at.woken.wait();
    if (at.is_started) RL_ASSERT(static_cast<int>(at.operation->result) == 1);
    at.has_asked.wait();  // as the destructor of a std::stop_callback does
    at.operation->freed = 1;
  }

  void own(World& at) {
    at.operation->driver = 1;
    const bool is_started = at.operation->stop.start();
    at.is_started = is_started;
    if (!is_started) at.wake();
    at.started.set();
    at.take_request();
    at.asked_or_never.wait();
    at.take_request();
  }

  static void ask(World& at) {
    if (at.operation->stop.ask()) {
      RL_ASSERT(static_cast<int>(at.operation->driver) == 1);
      at.operation->link = 1;
      at.requests.store(1, std::memory_order_release);
    }
    at.asked_or_never.set();
    at.has_asked.set();
  }

  void land(World& at) {
    at.started.wait();
    if (!at.is_started) return;
    if (Derived::kOnlyIfTold) at.must_end.wait();
    at.operation->result = 1;
    if (at.operation->stop.land()) at.wake();
  }
};

struct EndsByItself : Scenario<EndsByItself> {
  static constexpr bool kOnlyIfTold = false;
};
struct EndsIfTold : Scenario<EndsIfTold> {
  static constexpr bool kOnlyIfTold = true;
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<EndsByItself>("an operation that ends while its stop is asked for", {500'000, 2, 5'000'000, 4});
  explorer.run<EndsIfTold>("an operation that ends because of its stop", {500'000, 2, 5'000'000, 4});
  return explorer.finish();
}
