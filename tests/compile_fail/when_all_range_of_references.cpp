// expect: when_all over a vector needs tasks that return values
#include <weft/coro/when_all.hpp>

#include <utility>
#include <vector>

#ifdef WEFT_CORRECT
using Result = int*;
#else
using Result = int&;
#endif

weft::Task<> parent(std::vector<weft::Task<Result>> tasks) { co_await weft::when_all(std::move(tasks)); }
