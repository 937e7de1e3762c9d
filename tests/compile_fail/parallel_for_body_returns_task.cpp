// expect: weft: the body of a parallel loop is a plain function; a Task that it returns would never run
#include <weft/algo/parallel_for.hpp>

weft::Task<> loop() {
#ifdef WEFT_CORRECT
  auto body = [](int) {};
#else
  auto body = [](int) -> weft::Task<> { co_return; };
#endif
  co_await weft::parallel_for(0, 10, body);
}
