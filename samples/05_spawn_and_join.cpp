// Spawned work: results and exceptions through a JoinHandle, and what detached work throws.
#include <atomic>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

#include <weft/weft.hpp>

using weft::Task;

namespace {

Task<int> parse(std::string text) { co_return std::stoi(text); }

/// Goes on beside its children, a task and a plain callable, and takes their results when needed.
Task<int> add(std::string first, std::string second) {
  auto a = weft::spawn(parse(std::move(first)));
  auto b = weft::spawn([text = std::move(second)] { return std::stoi(text); });
  const int left = co_await std::move(a);
  const int right = co_await std::move(b);
  co_return left + right;
}

/// An exception waits in the handle for whoever takes the result.
Task<std::string> explain(std::string text) {
  auto handle = weft::spawn(parse(std::move(text)));
  std::string answer = "no error";
  try {
    answer = std::to_string(co_await std::move(handle));
  } catch (const std::invalid_argument&) {
    answer = "not a number";
  }
  co_return answer;
}

}  // namespace

int main() {
  std::atomic<int> unhandled{0};
  int sum = 0;
  std::string answer;
  {
    weft::Runtime rt{{.on_unhandled = [&](std::exception_ptr) { unhandled.fetch_add(1); }}};
    sum = rt.run(add("19", "23"));
    answer = rt.run(explain("fourteen"));

    auto handle = rt.spawn(parse("7"));  // from outside, a thread blocks in wait()
    sum += handle.wait();

    rt.spawn_detached([] { throw std::runtime_error("nobody waits for this"); });
  }  // the runtime waits for detached work, too
  std::cout << "sum " << sum << ", \"fourteen\" is " << answer << ", unhandled " << unhandled.load()
            << '\n';
  return sum == 49 && answer == "not a number" && unhandled.load() == 1 ? 0 : 1;
}
