// expect: a spawned callable cannot be over-aligned
#include <weft/rt/runtime.hpp>

#include <memory>

struct alignas(64) Wide {
  int value;
};

void start(weft::Runtime& rt, weft::Counter& counter) {
#ifdef WEFT_CORRECT
  auto wide = std::make_shared<Wide>();
#else
  Wide wide{1};
#endif
  auto work = [wide]() -> weft::Task<> {
    static_cast<void>(wide);
    co_return;
  };
  rt.spawn(work, counter);
}
