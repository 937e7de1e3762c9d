/// @file
/// Signals: signals of the system, to be awaited.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>

#include <weft/base/platform.hpp>
#include <weft/io/descriptor.hpp>
#include <weft/io/when_ready.hpp>

namespace weft::inline v0 {
namespace io {

/// One that has come.
struct Signal {
  int number = 0;  ///< SIGTERM, ...
  int sender = 0;  ///< the number of the process that has sent it; 0: the kernel has
};

}  // namespace io

namespace detail {

class WaitForSignal : public ReadWhenReady {
 public:
  explicit WaitForSignal(int fd) noexcept : ReadWhenReady(fd, kMost, {"wait for a signal"}) {}
  WEFT_API ~WaitForSignal() override;

 protected:
  [[nodiscard]] WEFT_API io::Signal take_value() const noexcept;
};

[[nodiscard]] WEFT_API io::Descriptor make_signal_file(std::initializer_list<int> numbers);

}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Takes signals out of the system's hands: from its construction on they interrupt nobody and end nothing, but wait to be taken.
///
///     io::Signals signals{SIGINT, SIGTERM};  // first of all in main, before threads are made
///     Runtime rt;
///     rt.run([&]() -> Task<> { const io::Signal signal = co_await signals.next(); ... });
///
/// Pre:      each thread of the process has them blocked, or the system gives them to one that has not. The constructor blocks them in the thread
///           that calls it, and threads made by that one from then on have them blocked too. So it is made before the runtime. They stay blocked
///           when it is gone; programs that Process starts have no signal blocked.
/// It sees signals that are sent to the process. One that is sent to a thread, as raise() does, waits for that thread, which may never look:
/// kill(getpid(), number) in its place.
///
/// Threads:  several tasks may wait at the same time; each signal goes to one of them.
/// Lifetime: it is not moved while somebody waits.
/// Errors:   UsageError, of the constructor, if another thread is seen not to have them blocked; std::system_error.
/// Source:   signalfd(2). Signals of the same number that come before one is taken are one, as everywhere.
class Signals {
 public:
  Signals(std::initializer_list<int> numbers) : file_(detail::make_signal_file(numbers)) {}

  /// Waits for the next one. `co_await` gives a Signal. Errors: OperationCancelled after a stop request; no signal is lost by it (but by when_any).
  [[nodiscard]] detail::SeriesCall<detail::WaitForSignal, Signal> next() noexcept {
    return detail::SeriesCall<detail::WaitForSignal, Signal>(file_.number());
  }

 private:
  Descriptor file_;
};

/// `auto stop = io::signals(SIGINT, SIGTERM);`
template <std::same_as<int>... Numbers>
[[nodiscard]] Signals signals(Numbers... numbers) {
  return Signals{numbers...};
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
