// expect: a Task cannot return an over-aligned type by value
#include <weft/coro/task.hpp>

#include <memory>

struct alignas(64) Wide {
  int value;
};

#ifdef WEFT_CORRECT
weft::Task<std::unique_ptr<Wide>> make() { co_return std::make_unique<Wide>(); }
#else
weft::Task<Wide> make() { co_return Wide{1}; }
#endif
