/// @file
/// Runs a test's task beside faults that whoever does all of something hides.
#pragma once

#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "unit/io/backends.hpp"
#include "unit/io/random_faults.hpp"

#include <cstdint>
#include <system_error>

namespace weft_test {

/// @param work  a coroutine of at least some hundred operations, which returns whether what came out is right; with each backend, on one worker and three
template <class Work>
void with_passing_faults(Work work) {
  std::uint64_t stream = 0;
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    for (const unsigned workers : {1U, 3U}) {
      CAPTURE(workers);
      RandomFaults faults(++stream, RandomFaults::Kinds::Passing);
      bool is_right = false;
      {
        weft::Runtime rt{{.workers = workers, .io_backend = backend}};
        is_right = rt.run(work);
      }
      CHECK(is_right);
      CHECK(faults.injected() > 0);
    }
  }
}

/// Asks again when a signal has ended what `ask()` does, which is one operation, or has lost nothing.
template <class Ask>
auto not_interrupted(Ask ask) -> decltype(ask()) {
  for (;;) {
    try {
      co_return co_await ask();
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::interrupted) throw;
    }
  }
}

}  // namespace weft_test
