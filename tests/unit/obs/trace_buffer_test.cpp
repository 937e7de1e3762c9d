// The ring of events, without a runtime.
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <thread>
#include <variant>
#include <vector>

#include "obs/trace_buffer.hpp"
#include <weft/base/error.hpp>

using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using weft::Trace;
using weft::TraceBuffer;
using weft::WorkerLimitChange;

namespace {

constexpr std::chrono::steady_clock::time_point kBegan(1h);

/// Events are numbered by their `after`.
void record(TraceBuffer& buffer, unsigned first, unsigned last) {
  for (unsigned i = first; i <= last; ++i) buffer.record(WorkerLimitChange{0, i, {}});
}

std::vector<unsigned> numbers_of(const Trace& trace) {
  std::vector<unsigned> numbers;
  for (const weft::TraceEvent& event : trace.events) numbers.push_back(std::get<WorkerLimitChange>(event).after);
  return numbers;
}

}  // namespace

TEST_CASE("a trace has the events between its beginning and its end, in their order") {
  TraceBuffer buffer(8);
  record(buffer, 1, 3);
  buffer.start(kBegan);
  record(buffer, 4, 6);
  const Trace trace = buffer.stop(kBegan + 5s);
  record(buffer, 7, 9);
  CHECK(numbers_of(trace) == std::vector<unsigned>{4, 5, 6});
  CHECK(trace.lost == 0);
  CHECK(trace.began == kBegan);
  CHECK(trace.ended == kBegan + 5s);
}

TEST_CASE("when a trace is full the oldest events are lost, and counted") {
  for (const unsigned events : {3U, 4U, 5U, 7U, 8U, 9U, 101U}) {
    TraceBuffer buffer(4);
    buffer.start(kBegan);
    record(buffer, 1, events);
    const Trace trace = buffer.stop(kBegan);
    std::vector<unsigned> last;
    for (unsigned i = events > 4 ? events - 3 : 1; i <= events; ++i) last.push_back(i);
    CHECK(numbers_of(trace) == last);
    CHECK(trace.lost == (events > 4 ? events - 4 : 0));
  }
}

TEST_CASE("a second trace has nothing of the first") {
  TraceBuffer buffer(4);
  buffer.start(kBegan);
  record(buffer, 1, 6);
  static_cast<void>(buffer.stop(kBegan));
  buffer.start(kBegan + 1s);
  record(buffer, 7, 8);
  const Trace trace = buffer.stop(kBegan + 2s);
  CHECK(numbers_of(trace) == std::vector<unsigned>{7, 8});
  CHECK(trace.lost == 0);
  CHECK(trace.began == kBegan + 1s);
}

TEST_CASE("a trace that is on is not begun again, and one that is off is not stopped") {
  TraceBuffer buffer(4);
  CHECK_THROWS_WITH(buffer.stop(kBegan), Contains("not being traced"));
  buffer.start(kBegan);
  record(buffer, 1, 2);
  CHECK_THROWS_WITH(buffer.start(kBegan), Contains("being traced already"));
  CHECK(numbers_of(buffer.stop(kBegan)) == std::vector<unsigned>{1, 2});
  CHECK_THROWS_AS(buffer.stop(kBegan), weft::UsageError);
}

TEST_CASE("events are recorded while traces begin and end") {
  TraceBuffer buffer(64);
  constexpr unsigned kEvents = 20'000;
  std::thread records([&buffer] { record(buffer, 1, kEvents); });
  for (int round = 0; round < 1000; ++round) {
    buffer.start(kBegan);
    const std::vector<unsigned> numbers = numbers_of(buffer.stop(kBegan));
    CHECK(numbers.size() <= 64);
    CHECK(std::is_sorted(numbers.begin(), numbers.end()));
  }
  records.join();
}
