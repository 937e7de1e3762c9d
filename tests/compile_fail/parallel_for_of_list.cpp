// expect: random_access_range
#include <weft/algo/parallel_for.hpp>

#include <list>
#include <vector>

#ifdef WEFT_CORRECT
using Numbers = std::vector<int>;
#else
using Numbers = std::list<int>;
#endif

weft::Task<> loop(Numbers& numbers) {
  auto body = [](int) {};
  co_await weft::parallel_for(numbers, body);
}
