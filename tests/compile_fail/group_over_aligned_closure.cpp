// expect: a spawned callable cannot be over-aligned
#include <weft/coro/task_group.hpp>

#include <memory>

struct alignas(64) Wide {
  int value;
};

void start(weft::TaskGroup& group) {
#ifdef WEFT_CORRECT
  auto wide = std::make_shared<Wide>();
#else
  Wide wide{1};
#endif
  group.spawn([wide] { static_cast<void>(wide); });
}
