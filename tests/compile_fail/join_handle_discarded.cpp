// expect: co_await the handle, call wait(), or use spawn_detached
#include <weft/rt/runtime.hpp>

void start(weft::Runtime& rt) {
#ifdef WEFT_CORRECT
  rt.spawn_detached([] {});
#else
  rt.spawn([] { return 1; });
#endif
}
