/// @file
/// What the operating system takes: threads started and joined.
#include <thread>
#include <vector>

#include "startup/cases.hpp"

namespace startup {
namespace {

class Threads {
 public:
  void make(unsigned) {}
  int one_job() {
    int says = 0;
    std::thread([&says] { says = 1; }).join();
    return says;
  }
  void jobs(unsigned count) {
    std::latch all(static_cast<std::ptrdiff_t>(count));
    std::vector<std::thread> threads;
    threads.reserve(count);
    for (unsigned i = 0; i < count; ++i) threads.emplace_back([&all] { all.arrive_and_wait(); });
    for (std::thread& thread : threads) thread.join();
  }
  void end() {}
};

[[maybe_unused]] const bool added =
    add_first_job<Threads>("std-thread") &&
    add_all_at_work<Threads>("std-thread");

}  // namespace
}  // namespace startup
