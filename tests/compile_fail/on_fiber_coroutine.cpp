// expect: on_fiber takes something that can be called without arguments, and is no coroutine
#include <weft/coro/on_fiber.hpp>

weft::Task<> parent() {
#ifdef WEFT_CORRECT
  co_await weft::on_fiber([] {});
#else
  co_await weft::on_fiber([]() -> weft::Task<> { co_return; });
#endif
}
