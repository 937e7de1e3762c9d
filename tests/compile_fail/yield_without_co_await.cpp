// expect(gcc): ignoring return
// expect(clang): ignoring return value
#include <weft/coro/task.hpp>
#include <weft/coro/this_task.hpp>

weft::Task<> parent() {
#ifdef WEFT_CORRECT
  co_await weft::yield();
#else
  weft::yield();
  co_return;
#endif
}
