// expect(gcc): use of deleted function
// expect(clang): deleted
#include <utility>

#include <weft/sync/mutex.hpp>

weft::MutexLock hand_on(weft::MutexLock& lock) {
#ifdef WEFT_CORRECT
  weft::MutexLock other = std::move(lock);
#else
  weft::MutexLock other = lock;
#endif
  return other;
}
