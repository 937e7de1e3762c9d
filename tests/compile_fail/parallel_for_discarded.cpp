// expect: co_await
#include <weft/algo/parallel_for.hpp>

weft::Task<> loop() {
  auto body = [](int) {};
#ifdef WEFT_CORRECT
  co_await weft::parallel_for(0, 10, body);
#else
  weft::parallel_for(0, 10, body);
  co_return;
#endif
}
