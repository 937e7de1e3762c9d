#include "support/bench.hpp"

#include <cstdio>
#include <cstdlib>

namespace perf {

void verify(bool right, std::string_view what) {
  if (right) return;
  std::fprintf(stderr, "wrong answer: %.*s\n", static_cast<int>(what.size()), what.data());
  std::fflush(nullptr);
  std::_Exit(1);  // from any thread, past destructors that might wait for it
}

bool smoke() {
  static const bool value = [] {
    const char* text = std::getenv("WEFT_PERF_SMOKE");
    return text != nullptr && text[0] == '1';
  }();
  return value;
}

}  // namespace perf
