#include <weft/fiber/stay_here.hpp>

#include <execinfo.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include <weft/fiber/fiber.hpp>

namespace weft::inline v0::detail {

WEFT_DEFINE_THREAD_SLOT(StayHereMark, stay_here)

void suspended_while_bound(const StayHereMark& mark) noexcept {
  const Fiber* const fiber = current_fiber();
  std::fprintf(stderr, "weft: %s of %s:%u is still held where a fiber suspends; it belongs to the thread, which the fiber may leave.", mark.what,
               mark.where.file_name(), static_cast<unsigned>(mark.where.line()));
  if (fiber != nullptr) {
    const FiberOrigin& origin = fiber->origin();
    std::fprintf(stderr, " The fiber%s%s began at %s:%u and suspends here:\n", origin.name != nullptr ? " " : "",
                 origin.name != nullptr ? origin.name : "", origin.where.file_name(), static_cast<unsigned>(origin.where.line()));
  }
  std::array<void*, 64> frames{};
  const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  ::backtrace_symbols_fd(frames.data(), count, STDERR_FILENO);
  std::abort();
}

}  // namespace weft::inline v0::detail
