// expect(gcc): co_await it
// expect(clang): co_await the task, or hand it to spawn
#include <weft/coro/task_group.hpp>

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
