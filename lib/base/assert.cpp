#include <weft/base/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace weft::inline v0::detail {

void check_failed(const char* file, int line, const char* sentence) noexcept {
  std::fprintf(stderr, "weft: %s (%s:%d)\n", sentence, file, line);
  std::abort();
}

}  // namespace weft::inline v0::detail
