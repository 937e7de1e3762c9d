// expect: no matching function
#include <weft/coro/when_any.hpp>

weft::Task<int> work() { co_return 1; }

weft::Task<> parent() {
#ifdef WEFT_CORRECT
  co_await weft::when_any(work());
#else
  co_await weft::when_any();
#endif
}
