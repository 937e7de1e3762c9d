// expect: co_await it
#include <weft/coro/when_all.hpp>

weft::Task<> work() { co_return; }

weft::Task<> parent() {
#ifdef WEFT_CORRECT
  co_await weft::when_all(work(), work());
#else
  weft::when_all(work(), work());
  co_return;
#endif
}
