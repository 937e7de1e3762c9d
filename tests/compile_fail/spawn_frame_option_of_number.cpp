// expect(gcc): could not convert
// expect(clang): no viable conversion from
#include <weft/rt/runtime.hpp>

void start(weft::Runtime& rt, weft::Counter& counter) {
#ifdef WEFT_CORRECT
  const weft::SpawnOptions options{.frame = true};
#else
  const weft::SpawnOptions options{.frame = 2};  // a frame's number: work belongs to the one that runs now, or to none
#endif
  rt.spawn([] {}, counter, options);
}
