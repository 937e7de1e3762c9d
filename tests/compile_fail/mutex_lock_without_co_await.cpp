// expect: co_await it to lock
#include <weft/coro/task.hpp>
#include <weft/sync/mutex.hpp>

weft::Task<> write(weft::Mutex& mutex, int& shared) {
#ifdef WEFT_CORRECT
  const weft::MutexLock lock = co_await mutex.lock();
#else
  mutex.lock();
#endif
  ++shared;
  co_return;
}
