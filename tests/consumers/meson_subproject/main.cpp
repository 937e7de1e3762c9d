// A program outside the weft tree that uses the library.
#include <weft/weft.hpp>

namespace {

weft::Task<int> half() { co_return 21; }

weft::Task<int> answer() {
  auto [a, b] = co_await weft::when_all(half(), half());
  co_return a + b;
}

}  // namespace

int main() {
  weft::Runtime rt;
  return rt.run(answer()) == 42 ? 0 : 1;
}
