#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "mutex_parties.hpp"
#include "support/aborts.hpp"

#include <memory>
#include <thread>
#include <utility>

using Catch::Matchers::Contains;
using weft::Mutex;
using weft::MutexLock;
using weft::Runtime;
using weft::UsageError;
using weft_test::check_aborts;
using weft_test::is_waited_for;

TEST_CASE("destroying a mutex that is held aborts with a sentence") {
  check_aborts("a Mutex was destroyed while somebody holds it or waits for it", [] {
    auto mutex = std::make_unique<Mutex>();
    const MutexLock lock = mutex->lock_blocking();
    mutex.reset();
  });
}

TEST_CASE("destroying a mutex that is waited for aborts with a sentence") {
  check_aborts("a Mutex was destroyed while somebody holds it or waits for it", [] {
    auto mutex = std::make_unique<Mutex>();
    const MutexLock lock = mutex->lock_blocking();
    std::thread waits([&held = *mutex] { static_cast<void>(held.lock_blocking()); });
    while (!is_waited_for(*mutex)) std::this_thread::yield();
    mutex.reset();
  });
}

TEST_CASE("locking in blocking style on a worker is a UsageError, whether the mutex is free or not") {
  Runtime rt{{.workers = 1}};
  Mutex mutex;
  const auto locks = [&mutex] { static_cast<void>(mutex.lock_blocking()); };
  CHECK_THROWS_AS(rt.run(locks), UsageError);
  const MutexLock lock = mutex.lock_blocking();
  CHECK_THROWS_WITH(rt.run(locks), Contains("Mutex::lock_blocking") && Contains("co_await mutex.lock()") && Contains("on_fiber"));
}

TEST_CASE("unlocking what holds nothing is a UsageError") {
  Mutex mutex;
  MutexLock never;
  CHECK_THROWS_AS(never.unlock(), UsageError);
  MutexLock lock = mutex.try_lock();
  MutexLock failed = mutex.try_lock();
  CHECK_THROWS_AS(failed.unlock(), UsageError);
  MutexLock moved = std::move(lock);
  CHECK_THROWS_AS(lock.unlock(), UsageError);
  moved.unlock();
  CHECK_THROWS_WITH(moved.unlock(), Contains("holds nothing"));
}
