// expect: weft: the body of a parallel loop cannot be over-aligned: pass std::ref(body)
#include <weft/algo/parallel_for.hpp>

#include <functional>

struct alignas(64) Wide {
  void operator()(int) const {}
};

weft::Task<> loop() {
  const Wide body;
#ifdef WEFT_CORRECT
  co_await weft::parallel_for(0, 10, std::ref(body));
#else
  co_await weft::parallel_for(0, 10, body);
#endif
}
