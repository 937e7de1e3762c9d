// expect: over-aligned
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
  rt.spawn([wide] { static_cast<void>(wide); }, counter);
}
