// expect: weft: the body of a parallel loop is called with one index or element, or with the two ends of a chunk
#include <weft/algo/parallel_for.hpp>

#include <string>

weft::Task<> loop() {
#ifdef WEFT_CORRECT
  auto body = [](int) {};
#else
  auto body = [](const std::string&) {};
#endif
  co_await weft::parallel_for(0, 10, body);
}
