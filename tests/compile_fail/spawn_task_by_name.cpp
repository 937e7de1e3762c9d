// expect: a Task is awaited or spawned once
#include <weft/rt/runtime.hpp>

#include <utility>

void start(weft::Runtime& rt, weft::Counter& counter, weft::Task<> task) {
#ifdef WEFT_CORRECT
  rt.spawn(std::move(task), counter);
#else
  rt.spawn(task, counter);
#endif
}
