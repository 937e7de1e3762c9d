// expect: the body of with_task_group cannot be over-aligned
#include <weft/coro/task_group.hpp>

#include <memory>

struct alignas(64) Wide {
  int value;
};

weft::Task<> start() {
#ifdef WEFT_CORRECT
  auto wide = std::make_shared<Wide>();
#else
  Wide wide{1};
#endif
  auto body = [wide](weft::TaskGroup&) -> weft::Task<> {
    static_cast<void>(wide);
    co_return;
  };
  return weft::with_task_group(body);
}
