/// @file
/// libuv: callbacks, and times in whole milliseconds.
#include <uv.h>

#include <memory>

#include "timer/cases.hpp"

namespace timer {
namespace {

class Loop {
 public:
  Loop() { perf::verify(uv_loop_init(&loop_) == 0, "uv_loop_init"); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    uv_run(&loop_, UV_RUN_DEFAULT);
    perf::verify(uv_loop_close(&loop_) == 0, "uv_loop_close");
  }
  uv_loop_t* operator&() { return &loop_; }

 private:
  uv_loop_t loop_{};
};

struct Sleeper {
  uv_timer_t timer;
  Clock::time_point until;
  Ends* ends;
};

void wake(uv_timer_t* timer) {
  const auto* const sleeper = static_cast<Sleeper*>(timer->data);
  sleeper->ends->count(sleeper->until);
  uv_close(reinterpret_cast<uv_handle_t*>(timer), nullptr);
}

[[maybe_unused]] const bool sleepers = add_sleepers("libuv", [](const auto& times, Ends& ends, auto asleep) {
  const auto sleepers = std::make_unique<Sleeper[]>(times.size());
  Loop loop;
  uv_update_time(&loop);
  const auto now = Clock::now();
  for (std::size_t i = 0; i < times.size(); ++i) {
    Sleeper& sleeper = sleepers[i];
    sleeper.until = times[i];
    sleeper.ends = &ends;
    uv_timer_init(&loop, &sleeper.timer);
    sleeper.timer.data = &sleeper;
    // A millisecond more, because the loop's own time may be that far behind.
    uv_timer_start(&sleeper.timer, &wake, static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(times[i] - now).count()) + 1, 0);
  }
  asleep();
  uv_run(&loop, UV_RUN_DEFAULT);
});

[[maybe_unused]] const bool cancelled = add_cancelled("libuv-callback", [](std::size_t count) {
  Loop loop;
  uv_timer_t timer;
  uv_timer_init(&loop, &timer);
  std::size_t ended = 0;
  for (std::size_t i = 0; i < count; ++i) {
    uv_timer_start(&timer, [](uv_timer_t*) {}, 3'600'000, 0);
    ended += uv_is_active(reinterpret_cast<uv_handle_t*>(&timer)) != 0 && uv_timer_stop(&timer) == 0;
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
  uv_run(&loop, UV_RUN_DEFAULT);
  return ended;
});

}  // namespace
}  // namespace timer
