// Each allocation of operations and sleeps is made to fail once: whoever awaits one is told so, nothing is lost, and the next attempt works.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "fail_each_allocation.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/backends.hpp"
#include "unit/io/socket_pair.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace std::chrono_literals;
using weft::IoBackend;
using weft::Runtime;
using weft::Task;
using weft_test::fail_each_allocation;

namespace {

/// The number that the next file gets, without an allocation.
int next_descriptor() {
  const int next = ::dup(0);
  ::close(next);
  return next;
}

/// Awaits `attempt()` until there is memory for it; whatever else it throws is let out. True: what has come out in the end is right.
template <class Attempt>
Task<bool> try_until_memory(Attempt attempt) {
  constexpr int kMostTries = 3000;  // more than fail one after another
  for (int tries = 0; tries < kMostTries; ++tries) {
    try {
      co_return co_await attempt();
    } catch (const std::bad_alloc&) {
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::not_enough_memory) throw;
    }
  }
  co_return false;
}

/// Tries it on the workers of a new runtime, which has made neither drivers nor wheels.
template <class Attempt>
void fail_each_allocation_of(Attempt attempt, unsigned most_workers = 2) {
  for (const IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    for (unsigned workers = 1; workers <= most_workers; ++workers) {
      CAPTURE(workers);
      const auto attempts = [&] {
        const int descriptor = next_descriptor();
        bool is_right = false;
        try {
          Runtime rt{{.workers = workers, .io_backend = backend}};
          is_right = rt.run(try_until_memory(attempt));
        } catch (const std::bad_alloc&) {
          is_right = true;
        } catch (const weft::LimitError&) {
          is_right = true;  // no thread could be started
        } catch (const std::system_error& error) {
          is_right = error.code() == std::errc::not_enough_memory;  // no ring could be made to see whether they work
        }
        return is_right && next_descriptor() == descriptor;
      };
      for (const long count : {1L, 3L, 100L}) fail_each_allocation(attempts, count);
    }
  }
}

Task<bool> ask_for_y(const Ends& ends) {
  char in = 0;
  co_await send(ends.of[0], "x", 1);
  co_await receive(ends.of[0], &in, 1);
  co_return in == 'y';
}
Task<bool> answer_with_y(const Ends& ends) {
  char in = 0;
  co_await receive(ends.of[1], &in, 1);
  co_await send(ends.of[1], "y", 1);
  co_return in == 'x';
}

/// Whichever is first, one of the two has to wait.
Task<bool> x_for_y() {
  const Ends ends;
  const auto [is_answered, is_asked] = co_await weft::when_all(ask_for_y(ends), answer_with_y(ends));
  co_return is_answered && is_asked;
}

/// Returns true when it is ended by a stop; nothing comes.
Task<bool> wait_for_stop(const Ends& ends) {
  char in = 0;
  try {
    co_await receive(ends.of[0], &in, 1);
  } catch (const weft::OperationCancelled&) {
    co_return true;
  }
  co_return false;
}

}  // namespace

TEST_CASE("allocation failure: the first operations on a worker, and with them its driver") { fail_each_allocation_of([] { return x_for_y(); }); }

TEST_CASE("allocation failure: the first operation in sync_wait") {
  fail_each_allocation([] { return weft::sync_wait(try_until_memory([] { return x_for_y(); })); });
}

TEST_CASE("allocation failure: the first sleep on a worker, and with it its wheel") {
  fail_each_allocation_of([]() -> Task<bool> {
    const auto before = std::chrono::steady_clock::now();
    co_await weft::sleep_for(10us);
    co_await weft::sleep_until(before + 30us);
    co_return std::chrono::steady_clock::now() >= before + 30us;
  });
}

TEST_CASE("allocation failure: memory that the kernel keeps ready, and the ring's table of it") {
  const weft_test::TemporaryFolder folder;
  const std::string path = folder / "file";
  fail_each_allocation_of([&]() -> Task<bool> {
    constexpr std::size_t kSize = 4096;
    const weft::io::File file = co_await weft::io::File::open(path, {.access = weft::io::Access::ReadWrite, .create = true});
    weft::io::RegisteredBuffer out(kSize);
    weft::io::RegisteredBuffer in(kSize);
    std::fill(out.bytes().begin(), out.bytes().end(), std::byte{7});
    std::fill(in.bytes().begin(), in.bytes().end(), std::byte{0});
    const std::size_t written = co_await file.write_at(out.whole(), 0);
    const std::size_t read = co_await file.read_at(in.whole(), 0);
    co_return written == kSize && read == kSize && std::equal(in.bytes().begin(), in.bytes().end(), out.bytes().begin());
  });
}

TEST_CASE("allocation failure: a limit of time around an operation, which ends before it or by it") {
  fail_each_allocation_of([]() -> Task<bool> {
    const bool is_right = co_await weft::timeout(x_for_y(), 1h);
    const Ends silent;
    const auto late = co_await weft::completed_within(wait_for_stop(silent), 10us);
    co_return is_right && late.value_or(true);
  });
}

TEST_CASE("allocation failure: an operation that is stopped in a scope of its own") {
  fail_each_allocation_of([]() -> Task<bool> {
    const Ends silent;
    const auto first = co_await weft::when_any(wait_for_stop(silent), x_for_y());
    co_return first.index() == 1 && std::get<1>(first);
  });
}

TEST_CASE("allocation failure: a file that is closed in a task that was asked to stop") {
  const weft_test::TemporaryFolder folder;
  const std::string path = folder.write("file", "text");
  fail_each_allocation_of([&]() -> Task<bool> {
    weft::io::File file = co_await weft::io::File::open(path);
    const auto close_late = [&]() -> Task<> {
      bool is_stopped = co_await weft::this_task::stop_requested();
      while (!is_stopped) {
        co_await weft::yield();
        is_stopped = co_await weft::this_task::stop_requested();
      }
      try {
        co_await file.close();
      } catch (const std::bad_alloc&) {
        // Of the OperationCancelled: the driver is there, so that the close has begun.
      }
      if (file.is_open()) throw std::logic_error("it is not closed");
    };
    const bool is_by_itself = co_await weft::completed_within(close_late(), 0ms);
    co_return is_by_itself;
  }, 1);
}

TEST_CASE("allocation failure: a file that is written behind and read ahead") {
  const weft_test::TemporaryFolder folder;
  const std::string path = folder / "file";
  const std::string text(20'000, 'x');
  fail_each_allocation_of([&]() -> Task<bool> {
    const auto write = [&](weft::io::FileWriter& writer) -> Task<> { co_await writer.write(text); };
    const auto read = [&](weft::io::FileReader& reader) -> Task<std::size_t> {
      std::size_t size = 0;
      for (;;) {
        const auto block = co_await reader.next();
        if (block.empty()) break;
        size += block.size();
      }
      co_return size;
    };
    co_await weft::io::with_file_writer(path, weft::io::WriterOptions{.block_size = 4096}, write);
    const std::size_t size = co_await weft::io::with_file_reader(path, weft::io::ReaderOptions{.block_size = 4096}, read);
    co_return size == text.size();
  }, 1);
}
