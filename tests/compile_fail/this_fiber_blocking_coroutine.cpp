// expect: blocking takes something that can be called without arguments, and is no coroutine
#include <weft/coro/task.hpp>
#include <weft/coro/this_fiber.hpp>

void on_a_fiber() {
#ifdef WEFT_CORRECT
  auto call = [] {};
#else
  auto call = []() -> weft::Task<> { co_return; };
#endif
  static_cast<void>(weft::this_fiber::blocking(call));
}
