// The first program: a task that forks itself, one that awaits it, and a runtime.
#include <cstdint>
#include <iostream>

#include <weft/weft.hpp>

weft::Task<std::uint64_t> fib(unsigned n) {
  if (n < 2) co_return n;
  auto [a, b] = co_await weft::when_all(fib(n - 1), fib(n - 2));  // fork, then join
  co_return a + b;
}

weft::Task<std::uint64_t> report(unsigned n) {
  const std::uint64_t value = co_await fib(n);  // starts the task; goes on when it has ended
  std::cout << "fib(" << n << ") = " << value << '\n';
  co_return value;
}

int main() {
  weft::Runtime rt;  // a worker for each processor that this process may use
  return rt.run(report(30)) == 832040 ? 0 : 1;
}
