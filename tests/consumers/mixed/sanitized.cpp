// A program with a sanitizer on a library that was built without it: coroutines run, and fibers are refused with a sentence.
#include <weft/weft.hpp>

#include <cstdio>

namespace {

weft::Task<int> answer() {
  weft::Counter counter;
  int twenty = 0;
  weft::spawn([&twenty] { twenty = 20; }, counter);
  co_await counter;
  co_return twenty + 22;
}

}  // namespace

int main() {
  weft::Runtime rt{{.workers = 1}};
  if (rt.run(answer()) != 42) return 1;
  weft::Counter counter;
  int refused = 0;
  try {
    rt.run(weft::on_fiber([] {}));
  } catch (const weft::UsageError& error) {
    std::puts(error.what());
    ++refused;
  }
  try {
    rt.spawn_fiber([] {}, counter);
  } catch (const weft::UsageError&) {
    ++refused;
  }
  return refused == 2 ? 0 : 1;
}
