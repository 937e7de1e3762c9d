#include <catch2/catch.hpp>
#include <weft/base/job.hpp>
#include <weft/base/platform.hpp>

#include <coroutine>

using weft::Job;

namespace {

/// A coroutine of nobody's library: it knows nothing of Job.
struct Plain {
  struct promise_type {
    Plain get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

struct OnEnd {
  int& ended;
  ~OnEnd() { ++ended; }
};

// Not inlined: where clang sees how the frame is made, it takes the words that only it may write for undefined.
WEFT_NOINLINE Plain steps(int& step, int& ended) {
  const OnEnd on_end{ended};
  step = 1;
  co_await std::suspend_always{};
  step = 2;
  co_await std::suspend_always{};
  step = 3;
}

// Clang's undefined-behaviour sanitizer does not know that a coroutine's functions take a pointer to anything.
__attribute__((no_sanitize("undefined"))) void resume(Job* job) { job->resume(job); }
__attribute__((no_sanitize("undefined"))) void destroy(Job* job) { job->destroy(job); }

struct CountingJob : Job {
  explicit CountingJob() : Job{&CountingJob::run, {&CountingJob::drop}} {}
  static void run(Job* job) { ++static_cast<CountingJob*>(job)->runs; }
  static void drop(Job* job) { ++static_cast<CountingJob*>(job)->drops; }
  int runs = 0;
  int drops = 0;
};

}  // namespace

TEST_CASE("a suspended coroutine is a Job: its first word resumes it") {
  int step = 0;
  int ended = 0;
  const Plain coroutine = steps(step, ended);
  Job* const job = weft::job_of(coroutine.handle);
  resume(job);
  CHECK(step == 1);
  resume(job);
  CHECK(step == 2);
  resume(job);
  CHECK(step == 3);
  CHECK(ended == 1);
  CHECK(coroutine.handle.done());
  destroy(job);
}

TEST_CASE("a suspended coroutine is a Job: its second word destroys it") {
  int step = 0;
  int ended = 0;
  const Plain coroutine = steps(step, ended);
  Job* const job = weft::job_of(coroutine.handle);
  resume(job);
  destroy(job);
  CHECK(step == 1);
  CHECK(ended == 1);
}

TEST_CASE("a plain Job can be resumed and destroyed through a coroutine handle") {
  CountingJob job;
  const std::coroutine_handle<> handle = weft::handle_of(&job);
  handle.resume();
  handle.resume();
  CHECK(job.runs == 2);
  handle.destroy();
  CHECK(job.drops == 1);
  CHECK(weft::job_of(handle) == &job);
}

TEST_CASE("a Job is two words, so that a queue entry costs one") { STATIC_REQUIRE(sizeof(Job) == 2 * sizeof(void*)); }
