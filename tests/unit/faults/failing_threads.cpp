#include "failing_threads.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <functional>
#include <utility>

namespace {

constinit std::atomic<int> starts_until_failure{INT_MAX};
constinit std::atomic<bool> is_armed{false};
constinit std::atomic<int> refused_calls{0};
std::function<void()> when_unlocked;  // by the thread that arms, before others are refused; then by the one that is refused
constinit thread_local int held = 0;  // mutexes, by a thread that was refused one, until the hook was called

}  // namespace

namespace weft_test {

FailingThreads::FailingThreads(int first) {
  refused_calls.store(0);
  starts_until_failure.store(first);
  is_armed.store(true);
}

FailingThreads::~FailingThreads() { is_armed.store(false); }

void FailingThreads::after_unlock(std::function<void()> function) { when_unlocked = std::move(function); }

int FailingThreads::refused() const { return refused_calls.load(); }

}  // namespace weft_test

extern "C" {

using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

// What the sanitizers of clang, which are linked statically, would have intercepted.
[[gnu::weak]] int __interceptor_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

[[gnu::visibility("default")]] int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                                                  void* argument) noexcept {
  if (is_armed.load() && starts_until_failure.fetch_sub(1) <= 0) {
    held = when_unlocked ? 1 : 0;
    refused_calls.fetch_add(1);
    return EAGAIN;
  }
  if (__interceptor_pthread_create != nullptr) return __interceptor_pthread_create(thread, attributes, start, argument);
  static const auto next = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
  return next(thread, attributes, start, argument);
}

using OnMutex = int (*)(pthread_mutex_t*);

[[gnu::weak]] int __interceptor_pthread_mutex_lock(pthread_mutex_t*);
[[gnu::weak]] int __interceptor_pthread_mutex_unlock(pthread_mutex_t*);

[[gnu::visibility("default")]] int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  if (held != 0) ++held;
  if (__interceptor_pthread_mutex_lock != nullptr) return __interceptor_pthread_mutex_lock(mutex);
  static const auto next = reinterpret_cast<OnMutex>(::dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  return next(mutex);
}

[[gnu::visibility("default")]] int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  static const auto next = reinterpret_cast<OnMutex>(::dlsym(RTLD_NEXT, "pthread_mutex_unlock"));
  const int result = __interceptor_pthread_mutex_unlock != nullptr ? __interceptor_pthread_mutex_unlock(mutex) : next(mutex);
  if (held != 0 && --held == 0) std::exchange(when_unlocked, nullptr)();
  return result;
}

}  // extern "C"
