// expect: a Task or JoinHandle is awaited once: this_fiber::await(std::move(task))
#include <weft/coro/join_handle.hpp>
#include <weft/coro/this_fiber.hpp>

#include <utility>

int on_a_fiber(weft::JoinHandle<int> handle) {
#ifdef WEFT_CORRECT
  return weft::this_fiber::await(std::move(handle));
#else
  return weft::this_fiber::await(handle);
#endif
}
