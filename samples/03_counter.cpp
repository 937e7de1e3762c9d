// Counted work: spawn starts it, and a Counter tells tasks and threads when all has ended.
#include <cstddef>
#include <iostream>
#include <numeric>
#include <thread>
#include <vector>

#include <weft/weft.hpp>

using weft::Task;

namespace {

constexpr std::size_t kSlices = 100;
constexpr std::size_t kLength = 1000;    // numbers in a slice
constexpr std::size_t kExpected = 9592;  // primes below 100 000

bool is_prime(std::size_t n) {
  if (n < 2) return false;
  for (std::size_t divisor = 2; divisor * divisor <= n; ++divisor) {
    if (n % divisor == 0) return false;
  }
  return true;
}

std::size_t primes_in_slice(std::size_t slice) {
  std::size_t found = 0;
  const std::size_t first = slice * kLength;
  for (std::size_t n = first; n < first + kLength; ++n) found += is_prime(n) ? 1 : 0;
  return found;
}

/// A task waits by co_await: the worker runs the slices meanwhile.
Task<std::size_t> count_primes() {
  std::vector<std::size_t> found(kSlices);
  weft::Counter slices;
  for (std::size_t i = 0; i < kSlices; ++i) {
    weft::spawn([&found, i] { found[i] = primes_in_slice(i); }, slices);
  }
  co_await slices;
  co_return std::accumulate(found.begin(), found.end(), std::size_t{0});
}

}  // namespace

int main() {
  weft::Runtime rt;
  const std::size_t by_task = rt.run(count_primes());

  // From outside the runtime: any thread may spawn, and a thread waits by wait(), which sleeps.
  std::vector<std::size_t> found(kSlices);
  weft::Counter slices;
  const auto make_job = [&found](std::size_t i) {
    return [&found, i] { found[i] = primes_in_slice(i); };
  };
  rt.spawn_batch(kSlices, make_job, slices);
  std::size_t by_thread = 0;
  std::thread waiter([&] {
    slices.wait();
    by_thread = std::accumulate(found.begin(), found.end(), std::size_t{0});
  });
  slices.wait();  // any number of threads and tasks may wait for one counter
  waiter.join();
  std::cout << "primes below " << kSlices * kLength << ": " << by_task << " by a task, "
            << by_thread << " by a thread\n";
  return by_task == kExpected && by_thread == kExpected ? 0 : 1;
}
