// expect: a callable for on_fiber cannot be over-aligned
#include <weft/coro/on_fiber.hpp>

#include <memory>

struct alignas(64) Wide {
  int value;
};

weft::Task<int> parent() {
#ifdef WEFT_CORRECT
  auto wide = std::make_shared<Wide>(Wide{1});
  auto function = [wide] { return wide->value; };
#else
  Wide wide{1};
  auto function = [wide] { return wide.value; };
#endif
  co_return co_await weft::on_fiber(function);
}
