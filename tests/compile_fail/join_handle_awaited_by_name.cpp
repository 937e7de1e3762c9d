// expect(gcc): use of deleted function
// expect(clang): deleted
#include <weft/coro/join_handle.hpp>

#include <utility>

weft::Task<int> parent(weft::JoinHandle<int> handle) {
#ifdef WEFT_CORRECT
  co_return co_await std::move(handle);
#else
  co_return co_await handle;
#endif
}
