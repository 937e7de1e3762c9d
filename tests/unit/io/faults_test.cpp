#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "unit/io/backends.hpp"
#include "unit/io/random_faults.hpp"
#include "unit/io/socket_pair.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

using weft::Counter;
using weft::Runtime;
using weft::Task;
using weft_test::RandomFaults;

namespace {

bool passes(std::error_code error) {
  return error == std::errc::interrupted || error == std::errc::not_enough_memory || error == std::errc::resource_unavailable_try_again;
}

Task<> send_whole(int fd, const std::vector<std::uint8_t>& data) {
  for (std::size_t sent = 0; sent < data.size();) {
    const auto result = co_await send(fd, data.data() + sent, data.size() - sent).or_error();
    if (result) {
      sent += *result;
    } else if (!passes(result.error())) {
      throw std::system_error(result.error());
    }
  }
}

Task<std::vector<std::uint8_t>> receive_all(int fd, std::size_t size) {
  std::vector<std::uint8_t> data(size);
  for (std::size_t received = 0; received < size;) {
    const auto result = co_await receive(fd, data.data() + received, size - received).or_error();
    if (result) {
      received += *result;
    } else if (!passes(result.error())) {
      throw std::system_error(result.error());
    }
  }
  co_return data;
}

Task<> transfer(std::uint64_t stream, std::atomic<int>& right) {
  const Ends ends;
  weft_test::SeededRandom random(stream);
  std::vector<std::uint8_t> data(1 + random.below(20'000));
  for (std::uint8_t& byte : data) byte = static_cast<std::uint8_t>(random());
  const auto [received, nothing] = co_await weft::when_all(receive_all(ends.of[0], data.size()), send_whole(ends.of[1], data));
  static_cast<void>(nothing);
  if (received == data) right.fetch_add(1);
}

Task<> transfer_all(int count, std::atomic<int>& right) {
  Counter all;
  for (int i = 0; i < count; ++i) weft::spawn(transfer(100 + static_cast<std::uint64_t>(i), right), all);
  co_await all;
}

}  // namespace

TEST_CASE("nothing is lost or doubled when transfers are short, fail in passing, and completions are late or do not fit") {
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    for (const unsigned workers : {1U, 3U}) {
      RandomFaults faults(workers);
      std::atomic<int> right{0};
      {
        Runtime rt{{.workers = workers, .io_backend = backend}};
        rt.run(transfer_all(40, right));
      }
      CHECK(right.load() == 40);
      CHECK(faults.injected() > 20);
    }
  }
}

namespace {

/// Receives until it is stopped; the buffer is in the frame, and is checked after the end: nobody writes into it any more.
Task<bool> receive_into_frame(int fd) {
  std::uint64_t buffer = 0;
  try {
    for (;;) static_cast<void>(co_await receive(fd, &buffer, sizeof buffer).or_error());
  } catch (const weft::OperationCancelled&) {
    // As expected.
  }
  buffer = 0x5a5a5a5a5a5a5a5a;
  co_await weft::yield();
  co_return buffer == 0x5a5a5a5a5a5a5a5a;
}

Task<> send_for_ever(int fd) {
  const std::uint64_t data = 1;
  for (;;) static_cast<void>(co_await send(fd, &data, sizeof data).or_error());
}

/// Begins operations, some with somebody who sends, and stops them after a time of which some end before, some after, and some at that moment.
Task<> storm(std::uint64_t stream, int rounds, std::atomic<int>& untouched) {
  weft_test::SeededRandom random(stream);
  for (int i = 0; i < rounds; ++i) {
    const Ends ends;
    bool is_untouched = false;
    const auto both = [&]() -> Task<> {
      const auto note = [&]() -> Task<> { is_untouched = co_await receive_into_frame(ends.of[0]); };
      if (random.one_in(2)) {
        co_await weft::when_all(note(), send_for_ever(ends.of[1]));
      } else {
        co_await note();
      }
    };
    const std::chrono::microseconds time(random.below(100));
    static_cast<void>(co_await weft::completed_within(both(), time));
    if (is_untouched) untouched.fetch_add(1);
  }
}

}  // namespace

TEST_CASE("operations that are stopped at any moment end once, and leave their buffers alone") {
  constexpr int kTasks = 8;
  constexpr int kRounds = 40;
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    for (const bool with_faults : {false, true}) {
      CAPTURE(with_faults);
      std::optional<RandomFaults> faults;
      if (with_faults) faults.emplace(7);
      std::atomic<int> untouched{0};
      Runtime rt{{.workers = 2, .io_backend = backend}};
      rt.run([&]() -> Task<> {
        Counter all;
        for (int i = 0; i < kTasks; ++i) weft::spawn(storm(static_cast<std::uint64_t>(i), kRounds, untouched), all);
        co_await all;
      });
      CHECK(untouched.load() == kTasks * kRounds);
    }
  }
}
