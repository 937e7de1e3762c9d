/// @file
/// The word of a worker's blocking calls under relacy: whoever runs in its place is taken back exactly once, and each side sees what the
/// other did before.
#include "support/explore.hpp"

#include <weft/coro/blocking_word.hpp>

namespace {

using Word = weft::BasicBlockingWord<model::ModelAtomics>;

/// Thread 0 makes kCalls calls, thread 1 looks kLooks times.
template <int kCalls, int kLooks>
struct Blocking : rl::test_suite<Blocking<kCalls, kLooks>, 2> {
  Word word;
  model::Atomic<int> allowed{0};
  model::Plain<int> left_behind[kCalls];  // what the worker did before its call
  model::Plain<int> noted[kCalls];        // what the watcher did before it let another run

  void after() { model::check(allowed.load(std::memory_order_relaxed) == 0, "somebody still runs in the place of a worker that is back"); }

  void thread(unsigned index) {
    if (index == 0) {
      for (int call = 0; call < kCalls; ++call) {
        left_behind[call] = 1 + call;
        word.enter();
        if (!word.leave()) continue;
        model::check(noted[call] == 1, "the watcher let another run, and the worker does not see it");
        allowed.fetch_sub(1, std::memory_order_relaxed);
      }
    } else {
      for (int look = 0; look < kLooks; ++look) {
        const Word::Seen seen = word.look();
        if (!Word::is_inside(seen) || Word::is_replaced(seen)) continue;
        const int call = static_cast<int>(seen / 4) - 1;
        model::check(left_behind[call] == 1 + call, "whoever runs in the place of a worker does not see what it did before");
        noted[call] = 1;
        if (word.try_replace(seen)) allowed.fetch_add(1, std::memory_order_relaxed);
      }
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<Blocking<2, 2>>("two calls, two looks", {100'000, 4, 1'000'000, 6});
  explorer.run<Blocking<3, 2>>("three calls, two looks", {100'000, 3, 1'000'000, 5});
  return explorer.finish();
}
