// expect(gcc): use of deleted function
// expect(clang): deleted
#include <weft/coro/counter.hpp>

void count(weft::Counter& counter) {
#ifdef WEFT_CORRECT
  weft::Counter& same = counter;
#else
  weft::Counter same = counter;
#endif
  same.add();
  same.sub();
}
