// expect: spawn takes a Task, or something that can be called without arguments
#include <weft/rt/runtime.hpp>

void start(weft::Runtime& rt, weft::Counter& counter) {
#ifdef WEFT_CORRECT
  rt.spawn([] {}, counter);
#else
  rt.spawn([](int) {}, counter);
#endif
}
