// expect: a Task runs once: rt.run(std::move(task))
#include <weft/rt/runtime.hpp>

#include <utility>

int run(weft::Runtime& rt, weft::Task<int> task) {
#ifdef WEFT_CORRECT
  return rt.run(std::move(task));
#else
  return rt.run(task);
#endif
}
