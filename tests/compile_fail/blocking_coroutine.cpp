// expect: blocking takes something that can be called without arguments, and is no coroutine
#include <weft/coro/blocking.hpp>
#include <weft/coro/task.hpp>

weft::Task<> parent() {
#ifdef WEFT_CORRECT
  co_await weft::blocking([] {});
#else
  co_await weft::blocking([]() -> weft::Task<> { co_return; });
#endif
}
