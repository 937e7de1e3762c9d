#include "failing_threads.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <climits>

namespace {

constinit std::atomic<int> until_failure{INT_MAX};
constinit std::atomic<bool> is_armed{false};
constinit std::atomic<int> refused_calls{0};

}  // namespace

namespace weft_test {

FailingThreads::FailingThreads(int first) {
  refused_calls.store(0);
  until_failure.store(first);
  is_armed.store(true);
}

FailingThreads::~FailingThreads() { is_armed.store(false); }

int FailingThreads::refused() const { return refused_calls.load(); }

}  // namespace weft_test

extern "C" {

using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

// What the sanitizers of clang, which are linked statically, would have intercepted.
[[gnu::weak]] int __interceptor_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

[[gnu::visibility("default")]] int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                                                  void* argument) noexcept {
  if (is_armed.load() && until_failure.fetch_sub(1) <= 0) {
    refused_calls.fetch_add(1);
    return EAGAIN;
  }
  if (__interceptor_pthread_create != nullptr) return __interceptor_pthread_create(thread, attributes, start, argument);
  static const auto next = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
  return next(thread, attributes, start, argument);
}

}  // extern "C"
