/// @file
/// What the operating system takes: two semaphores, a thread started for each job, a thread woken by a condition variable.
#include <condition_variable>
#include <future>
#include <mutex>
#include <semaphore>

#include "latency/cases.hpp"

namespace latency {
namespace {

[[maybe_unused]] const bool semaphores =
    add("cold_spawn", "semaphores", {1}, [](benchmark::State& state, unsigned) {
      std::counting_semaphore<> work(0);
      std::counting_semaphore<> done(0);
      int says = 0;
      std::jthread worker([&](const std::stop_token& stop) {
        for (work.acquire(); !stop.stop_requested(); work.acquire()) {
          says = 1;
          done.release();
        }
      });
      measure_cold(state, [&] {
        says = 0;
        work.release();
        done.acquire();
        return says;
      });
      worker.request_stop();
      work.release();
    });

[[maybe_unused]] const bool async = add("cold_spawn", "std-async", {1}, [](benchmark::State& state, unsigned) {
  measure_cold(state, [] { return std::async(std::launch::async, [] { return 1; }).get(); });
});

/// One thread that waits for a job: the least that a thread pool can be.
class OneThread {
 public:
  void post(Moment& moment) {
    {
      const std::lock_guard lock(mutex_);
      job_ = &moment;
    }
    changed_.notify_one();
  }

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return job_ != nullptr; })) {
      job_->set();
      job_ = nullptr;
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  Moment* job_ = nullptr;
  std::jthread thread_{[this](const std::stop_token& stop) { run(stop); }};
};

[[maybe_unused]] const bool wake =
    add("wake", "condition-variable", {2}, [](benchmark::State& state, unsigned) {
      OneThread other;
      measure_hand_over(state, [&other](Moment& moment) {
        std::this_thread::sleep_for(kPause);
        HandOver times;
        times.made = Clock::now();
        other.post(moment);
        times.begun = moment.wait_busily();
        return times;
      });
    });

}  // namespace
}  // namespace latency
