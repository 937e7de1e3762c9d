// expect(gcc): use of deleted function
// expect(clang): deleted
#include <weft/coro/task.hpp>

#include <utility>

weft::Task<> moved(weft::Task<> task) {
#ifdef WEFT_CORRECT
  weft::Task<> same = std::move(task);
#else
  weft::Task<> same = task;
#endif
  return same;
}
