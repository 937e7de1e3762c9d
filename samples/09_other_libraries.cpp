// Somebody else's asynchronous calls in a task, and several of them of which some may fail.
#include <coroutine>
#include <exception>
#include <functional>
#include <future>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <weft/weft.hpp>

using weft::Task;

namespace {

struct Reply {
  std::string text;
  std::exception_ptr error;
};

/// Stands for a library with threads of its own, on which it calls back.
class Client {
 public:
  void ask(const std::string& question, std::function<void(Reply)> answer) {
    auto call = [question, answer = std::move(answer)] {
      Reply reply{"all about " + question, nullptr};
      if (question == "weather") {
        reply.error = std::make_exception_ptr(std::runtime_error("nobody knows the weather"));
      }
      answer(std::move(reply));
    };
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::async(std::launch::async, std::move(call)));
  }

 private:
  std::mutex mutex_;
  std::vector<std::future<void>> calls_;
};

/// Makes the call an awaitable. Such a class is all that weft asks for; many libraries bring one.
class Asked {
 public:
  Asked(Client& client, std::string question) : client_(client), question_(std::move(question)) {}
  static bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    client_.ask(question_, [this, awaiting](Reply reply) {
      reply_ = std::move(reply);
      awaiting.resume();  // the task goes on here, on the library's thread
    });
  }
  Reply await_resume() { return std::move(reply_); }

 private:
  Client& client_;
  std::string question_;
  Reply reply_;
};

Task<std::string> ask(weft::Runtime& rt, Client& client, std::string question) {
  Asked asked(client, std::move(question));
  Reply reply = co_await asked;
  co_await weft::resume_on(rt.executor());  // from here on a worker again
  if (reply.error) std::rethrow_exception(reply.error);
  co_return std::move(reply.text);
}

/// One failure does not stop the others: each has an outcome.
Task<int> ask_all(weft::Runtime& rt, Client& client) {
  std::vector<Task<std::string>> questions;
  for (const char* about : {"weaving", "weather", "wool"}) {
    questions.push_back(ask(rt, client, about));
  }
  auto outcomes = co_await weft::when_all_settled(std::move(questions));
  int answers = 0;
  for (weft::Outcome<std::string>& outcome : outcomes) {
    try {
      std::cout << std::move(outcome).get() << '\n';
      ++answers;
    } catch (const std::exception& failure) {
      std::cout << "failed: " << failure.what() << '\n';
    }
  }
  co_return answers;
}

}  // namespace

int main() {
  weft::Runtime rt;
  Client client;
  return rt.run(ask_all(rt, client)) == 2 ? 0 : 1;
}
