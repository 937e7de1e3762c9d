// expect: run takes a Task, or something that can be called without arguments
#include <weft/rt/runtime.hpp>

int run(weft::Runtime& rt) {
#ifdef WEFT_CORRECT
  return rt.run([] { return 1; });
#else
  return rt.run([](int value) { return value; });
#endif
}
