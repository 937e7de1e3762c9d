// expect(gcc): use of deleted function
// expect(clang): deleted
#include <weft/rt/runtime.hpp>

unsigned workers(weft::Runtime& rt) {
#ifdef WEFT_CORRECT
  const weft::Runtime& same = rt;
#else
  const weft::Runtime same = rt;
#endif
  return same.worker_count();
}
