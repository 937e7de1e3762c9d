// expect(gcc): use of deleted function
// expect(clang): deleted
#include <weft/coro/task_group.hpp>

void start(weft::TaskGroup& group) {
#ifdef WEFT_CORRECT
  weft::TaskGroup& same = group;
#else
  weft::TaskGroup same = group;
#endif
  same.spawn([] {});
}
