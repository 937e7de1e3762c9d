// expect(gcc): ignoring return
// expect(clang): ignoring return value
#include <weft/coro/task.hpp>
#include <weft/coro/this_task.hpp>

weft::Task<> parent() {
#ifdef WEFT_CORRECT
  co_await weft::this_task::stop_point();
#else
  weft::this_task::stop_point();
  co_return;
#endif
}
