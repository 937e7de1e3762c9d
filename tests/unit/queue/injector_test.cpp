#include <catch2/catch.hpp>

#include "queue/injector.hpp"

#include <array>
#include <thread>
#include <vector>

using weft::Injector;
using weft::Job;
using weft::JobLink;

namespace {

std::vector<Job*> take(Injector& injector, std::size_t most) {
  std::vector<Job*> taken;
  injector.pop(most, [&](Job* job) { taken.push_back(job); });
  return taken;
}

}  // namespace

TEST_CASE("the injector hands out jobs oldest first") {
  Injector injector;
  std::array<Job, 3> jobs{};
  std::array<JobLink, 3> links{{{&jobs[0], nullptr}, {&jobs[1], nullptr}, {&jobs[2], nullptr}}};
  for (JobLink& link : links) injector.push(link);
  CHECK(injector.size_hint() == 3);
  CHECK(take(injector, 2) == std::vector<Job*>{&jobs[0], &jobs[1]});
  CHECK(take(injector, 2) == std::vector<Job*>{&jobs[2]});
  CHECK(injector.is_empty_hint());
  CHECK(take(injector, 2).empty());
}

TEST_CASE("a chain goes into the injector at once and keeps its order") {
  Injector injector;
  std::array<Job, 3> jobs{};
  std::array<JobLink, 3> links{};
  links[2] = {&jobs[2], &links[0]};  // what the last one links to is ignored
  links[1] = {&jobs[1], &links[2]};
  links[0] = {&jobs[0], &links[1]};
  injector.push_chain(&links[0], &links[2], 3);
  CHECK(take(injector, 10) == std::vector<Job*>{&jobs[0], &jobs[1], &jobs[2]});
}

TEST_CASE("a node may be used again as soon as its job has been taken") {
  Injector injector;
  Job job{};
  JobLink link{&job, nullptr};
  injector.push(link);
  int taken = 0;
  while (taken < 5) {
    injector.pop(1, [&](Job*) {
      if (++taken < 5) injector.push(link);
    });
  }
  CHECK(injector.is_empty_hint());
}

TEST_CASE("jobs from several threads all come out of the injector, in each thread's order") {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 5000;
  Injector injector;
  std::vector<std::vector<Job>> jobs(kThreads, std::vector<Job>(kEach));
  std::vector<std::vector<JobLink>> links(kThreads, std::vector<JobLink>(kEach));
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < kEach; ++i) {
        links[t][i] = {&jobs[t][i], nullptr};
        injector.push(links[t][i]);
      }
    });
  }
  std::vector<std::size_t> seen(kThreads, 0);
  bool in_order = true;
  for (std::size_t taken = 0; taken < kThreads * kEach;) {
    taken += injector.pop(7, [&](Job* job) {
      for (std::size_t t = 0; t < kThreads; ++t) {
        if (job < jobs[t].data() || job >= jobs[t].data() + kEach) continue;
        in_order = in_order && job == &jobs[t][seen[t]];
        ++seen[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(in_order);
  CHECK(seen == std::vector<std::size_t>(kThreads, kEach));
}
