// expect: co_await it
#include <weft/weft.hpp>

weft::Task<> parent() {
  weft::TaskGroup group;
  group.spawn([] {});
#ifdef WEFT_CORRECT
  co_await group.join();
#else
  group.join();
  co_return;
#endif
}
