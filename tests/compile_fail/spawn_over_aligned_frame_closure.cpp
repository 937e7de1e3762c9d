// expect: a spawned callable cannot be over-aligned
#include <weft/rt/runtime.hpp>

void start(weft::Runtime& rt, weft::Counter& counter) {
#ifdef WEFT_CORRECT
  struct Work {
#else
  struct alignas(64) Work {
#endif
    void operator()() const {}
  };
  rt.spawn_batch(3, [](std::size_t) { return Work{}; }, counter, {.frame = true});
}
