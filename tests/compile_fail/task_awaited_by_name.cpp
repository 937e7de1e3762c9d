// expect(gcc): use of deleted function
// expect(clang): deleted
#include <weft/coro/task.hpp>

#include <utility>

weft::Task<> parent(weft::Task<> task) {
#ifdef WEFT_CORRECT
  co_await std::move(task);
#else
  co_await task;
#endif
}
