// expect: weft: the body of a parallel loop is called with one index or element, or with the two ends of a chunk
#include <weft/algo/parallel_for.hpp>

#include <string>
#include <vector>

void loop(std::vector<std::string>& lines) {
#ifdef WEFT_CORRECT
  auto body = [](std::string&) {};
#else
  auto body = [](int) {};
#endif
  weft::sync_parallel_for(lines, body);
}
