// Fibers: code in blocking style waits without blocking its worker, and blocking calls say so.
#include <chrono>
#include <cstddef>
#include <iostream>
#include <numeric>
#include <thread>
#include <vector>

#include <weft/weft.hpp>

using weft::Task;
namespace this_fiber = weft::this_fiber;

namespace {

/// Stands for old code: it calls back in the middle of a recursion, and has never heard of weft.
int evaluate(const char*& text, int (*value_of)(char name)) {
  const char first = *text++;
  if (first == '+') {  // "+ab" is a + b
    const int left = evaluate(text, value_of);
    return left + evaluate(text, value_of);
  }
  return value_of(first);
}

/// A call that blocks its thread. If it takes long, another thread runs what else there is.
Task<int> ask_database(char name) {
  const auto query = [name] {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return name - 'a' + 1;
  };
  co_return co_await weft::blocking(query);
}

/// In on_fiber the callback may wait for a task: the whole recursion is suspended meanwhile.
Task<int> evaluate_all(std::vector<const char*> formulas) {
  int sum = 0;
  for (const char* text : formulas) {
    sum += co_await weft::on_fiber([&text] {
      return evaluate(text, [](char name) { return this_fiber::await(ask_database(name)); });
    });
  }
  co_return sum;
}

/// spawn_fiber starts fibers beside each other; a Counter tells fibers, tasks and threads alike.
int sum_of_squares(std::size_t count) {
  std::vector<int> squares(count);
  weft::Counter fibers;
  for (std::size_t i = 0; i < count; ++i) {
    const auto square = [&squares, i] {
      this_fiber::yield();  // lets the others begin
      squares[i] = static_cast<int>(i * i);
    };
    weft::spawn_fiber(square, fibers, {.stack_size = 32 << 10, .name = "square"});
  }
  this_fiber::wait(fibers);
  return std::accumulate(squares.begin(), squares.end(), 0);
}

}  // namespace

int main() {
  weft::Runtime rt;
  const int formulas = rt.run(evaluate_all({"++abc", "+a+bd", "e"}));
  const int squares = rt.run(weft::on_fiber([] { return sum_of_squares(100); }));
  std::cout << "formulas " << formulas << ", squares " << squares << '\n';
  return formulas == 18 && squares == 328350 ? 0 : 1;
}
