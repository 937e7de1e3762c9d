// Priorities: what is urgent runs first, and a task may change its own urgency.
#include <iostream>
#include <string>

#include <weft/weft.hpp>

using weft::Priority;
using weft::Task;

namespace {

/// With one worker the order is visible: everything below waits until this task suspends.
Task<std::string> order_of_spawned() {
  std::string order;
  weft::Counter jobs;
  for (int i = 0; i < 3; ++i) {
    weft::spawn([&order] { order += 'l'; }, jobs, {.priority = Priority::Low});
    weft::spawn([&order] { order += 'n'; }, jobs);
    weft::spawn([&order] { order += 'h'; }, jobs, {.priority = Priority::High});
  }
  co_await jobs;
  co_return order;
}

/// After with_priority the task, and what it forks and awaits, gives way to what is more urgent.
Task<std::string> step_back() {
  std::string order;
  weft::Counter jobs;
  weft::spawn([&order] { order += 'n'; }, jobs);
  co_await weft::with_priority(Priority::Low);
  order += 'l';
  co_await jobs;
  co_return order;
}

}  // namespace

int main() {
  weft::Runtime rt{{.workers = 1}};
  const std::string spawned = rt.run(order_of_spawned());
  const std::string stepped = rt.run(step_back());
  std::cout << "spawned low, normal, high in turn; ran " << spawned
            << "; a task that stepped back ran after: " << stepped << '\n';
  return spawned == "hhhnnnlll" && stepped == "nl" ? 0 : 1;
}
