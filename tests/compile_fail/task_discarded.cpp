// expect: co_await the task, or hand it to spawn
#include <weft/coro/task.hpp>

weft::Task<> work() { co_return; }

weft::Task<> parent() {
#ifdef WEFT_CORRECT
  co_await work();
#else
  work();
  co_return;
#endif
}
