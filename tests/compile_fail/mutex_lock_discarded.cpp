// expect: name it: the mutex is unlocked as soon as its MutexLock is gone
// expect(gcc): none
#include <weft/coro/task.hpp>
#include <weft/sync/mutex.hpp>

weft::Task<> write(weft::Mutex& mutex, int& shared) {
#ifdef WEFT_CORRECT
  const weft::MutexLock lock = co_await mutex.lock();
#else
  co_await mutex.lock();
#endif
  ++shared;
}
