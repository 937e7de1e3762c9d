// expect: a Task or JoinHandle is awaited once: this_fiber::await(std::move(task))
#include <weft/coro/task.hpp>
#include <weft/coro/this_fiber.hpp>

#include <utility>

int on_a_fiber(weft::Task<int> task) {
#ifdef WEFT_CORRECT
  return weft::this_fiber::await(std::move(task));
#else
  return weft::this_fiber::await(task);
#endif
}
