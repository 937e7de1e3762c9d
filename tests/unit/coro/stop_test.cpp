// How a stop request travels: scopes, tokens, forks, spawned work, the whole runtime.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/until_stopped.hpp"

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

using weft::StopScope;
using weft::Task;
namespace this_task = weft::this_task;

namespace {

Task<bool> is_stopped() { co_return co_await this_task::stop_requested(); }
Task<std::stop_token> token_here() { co_return co_await this_task::stop_token(); }
Task<int> until_stopped(std::atomic<int>& ended) {
  co_await weft_test::until_stopped();
  ended.fetch_add(1);
  co_return 1;
}
Task<int> awaits_deeper(int depth, std::atomic<int>& ended) {
  if (depth == 0) co_return co_await until_stopped(ended);
  co_return co_await awaits_deeper(depth - 1, ended);
}
Task<int> fails_later() {
  for (int i = 0; i < 3; ++i) co_await weft::yield();
  throw std::runtime_error("cause");
}

}  // namespace

TEST_CASE("a stop request is seen in the scope and in those inside it, not in the one around it") {
  StopScope outer(nullptr);
  StopScope inner(&outer);
  StopScope innermost(&inner);
  CHECK_FALSE(innermost.stop_requested());
  inner.request_stop();
  inner.request_stop();
  CHECK(innermost.stop_requested());
  CHECK(inner.stop_requested());
  CHECK_FALSE(outer.stop_requested());
}

TEST_CASE("a token tells of requests before and after it was made, in its scope and around it") {
  StopScope outer(nullptr);
  StopScope inner(&outer);
  const std::stop_token token = inner.token();
  CHECK(token.stop_possible());
  CHECK_FALSE(token.stop_requested());
  outer.request_stop();
  CHECK(token.stop_requested());
  CHECK(inner.stop_requested());
  StopScope late(&outer);
  CHECK(late.token().stop_requested());
  CHECK(late.stop_requested());
}

TEST_CASE("a scope made with an outside token stops with it") {
  std::stop_source outside;
  StopScope outer(nullptr);
  StopScope scope(&outer, outside.get_token());
  StopScope inside(&scope);
  CHECK_FALSE(inside.stop_requested());
  outside.request_stop();
  CHECK(inside.stop_requested());
  CHECK_FALSE(outer.stop_requested());
}

TEST_CASE("a scope that has been stopped stays stopped while somebody makes a token in it") {
  constexpr int kRounds = 20;
  constexpr std::size_t kScopes = 5000;
  bool always = true;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::unique_ptr<StopScope>> scopes;
    for (std::size_t i = 0; i < kScopes; ++i) {
      scopes.push_back(std::make_unique<StopScope>(nullptr));
      scopes.back()->request_stop();
    }
    std::atomic<std::size_t> made{0};
    std::atomic<bool> is_watched{false};
    std::thread maker([&] {
      while (!is_watched.load()) std::this_thread::yield();
      for (std::size_t i = 0; i < kScopes; ++i) {
        static_cast<void>(scopes[i]->token());
        made.store(i + 1);
      }
    });
    is_watched.store(true);
    for (std::size_t at = 0; at < kScopes; at = made.load()) always = always && scopes[at]->stop_requested();
    maker.join();
  }
  CHECK(always);
}

TEST_CASE("tokens are made and requests arrive on several threads at once") {
  for (int round = 0; round < 300; ++round) {
    StopScope outer(nullptr);
    StopScope inner(&outer);
    std::atomic<int> heard{0};
    std::thread first([&] { outer.request_stop(); });
    std::thread second([&] {
      const std::stop_callback callback(inner.token(), [&] { heard.fetch_add(1); });
      while (!inner.stop_requested()) std::this_thread::yield();
      while (heard.load() == 0) std::this_thread::yield();
    });
    static_cast<void>(inner.token());
    first.join();
    second.join();
    REQUIRE(heard.load() == 1);
  }
}

TEST_CASE("a task outside any runtime cannot be stopped, and says so") {
  CHECK_FALSE(weft::sync_wait(is_stopped()));
}

TEST_CASE("a failed sibling's stop request is seen at every depth of awaiting") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> ended{0};
  auto parent = [&]() -> Task<> { co_await weft::when_all(awaits_deeper(20, ended), fails_later()); };
  CHECK_THROWS_WITH(rt.run(parent()), "cause");
  CHECK(ended.load() == 1);
}

TEST_CASE("a stop request passes through nested forks and when_any") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> ended{0};
  auto race = [&]() -> Task<int> {
    co_await weft::when_any(until_stopped(ended), until_stopped(ended));
    co_return 0;
  };
  auto fork = [&]() -> Task<int> {
    co_await weft::when_all(race(), until_stopped(ended));
    co_return 0;
  };
  auto parent = [&]() -> Task<> { co_await weft::when_all(fork(), fails_later()); };
  CHECK_THROWS_WITH(rt.run(parent()), "cause");
  CHECK(ended.load() == 3);
}

TEST_CASE("a child's token calls back when a sibling fails") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> called{0};
  auto listens = [&]() -> Task<int> {
    const std::stop_token token = co_await this_task::stop_token();
    const std::stop_callback callback(token, [&] { called.fetch_add(1); });
    while (called.load() == 0) co_await weft::yield();
    co_return 1;
  };
  auto parent = [&]() -> Task<> { co_await weft::when_all(listens(), fails_later()); };
  CHECK_THROWS_WITH(rt.run(parent()), "cause");
  CHECK(called.load() == 1);
}

TEST_CASE("stop_point throws OperationCancelled once a stop was requested") {
  weft::Runtime rt{{.workers = 1}};
  std::stop_source source;
  weft::Counter counter;
  std::atomic<int> rounds{0};
  auto works = [](std::atomic<int>& counted) -> Task<> {
    for (;;) {
      co_await this_task::stop_point();
      counted.fetch_add(1);
      co_await weft::yield();
    }
  };
  rt.spawn(works(rounds), counter, {.stop = source.get_token()});
  while (rounds.load() < 3) std::this_thread::yield();
  source.request_stop();
  CHECK_THROWS_AS(counter.wait(), weft::OperationCancelled);
}

TEST_CASE("SpawnOptions::stop stops what was spawned with it, and nobody else") {
  weft::Runtime rt{{.workers = 2}};
  std::stop_source source;
  std::stop_source other;
  weft::Counter counter;
  weft::Counter others;
  std::atomic<int> ended{0};
  rt.spawn(until_stopped(ended), counter, {.stop = source.get_token()});
  rt.spawn(until_stopped(ended), others, {.stop = other.get_token()});
  source.request_stop();
  counter.wait();
  CHECK(ended.load() == 1);
  CHECK(others.value() == 1);
  other.request_stop();
  others.wait();
  CHECK(ended.load() == 2);
}

TEST_CASE("a token that was signalled before the spawn stops the task at its first look") {
  weft::Runtime rt{{.workers = 1}};
  std::stop_source source;
  source.request_stop();
  auto handle = rt.spawn(is_stopped(), {.stop = source.get_token()});
  CHECK(handle.wait());
}

TEST_CASE("a spawned task with its own token is also stopped by the runtime") {
  weft::Runtime rt{{.workers = 2}};
  const std::stop_source never;
  std::atomic<int> ended{0};
  weft::Counter counter;
  rt.spawn(until_stopped(ended), counter, {.stop = never.get_token()});
  rt.spawn(until_stopped(ended), counter);
  CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
  CHECK(ended.load() == 2);
}

TEST_CASE("shutdown(Cancel) reaches every task, however deep, and tokens that were handed out") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> ended{0};
  weft::Counter counter;
  auto forks = [](std::atomic<int>& counted) -> Task<> {
    co_await weft::when_all(awaits_deeper(3, counted), awaits_deeper(5, counted));
  };
  rt.spawn(forks(ended), counter);
  rt.spawn_detached(awaits_deeper(2, ended));
  auto handle = rt.spawn(token_here());
  const std::stop_token token = handle.wait();
  CHECK_FALSE(token.stop_requested());
  const weft::ShutdownReport report = rt.shutdown(weft::Shutdown::Cancel);
  CHECK(report.is_complete());
  CHECK(ended.load() == 3);
  CHECK(token.stop_requested());
}

TEST_CASE("scopes nested deeper than a stack of calls give tokens and pass a stop request on") {
  constexpr std::size_t kDepth = 300'000;
  std::deque<StopScope> scopes;
  scopes.emplace_back(nullptr);
  while (scopes.size() < kDepth) scopes.emplace_back(&scopes.back());
  const std::stop_token innermost = scopes.back().token();
  CHECK_FALSE(innermost.stop_requested());
  scopes.front().request_stop();
  CHECK(innermost.stop_requested());
  CHECK(scopes.back().stop_requested());
  while (!scopes.empty()) scopes.pop_back();
}

TEST_CASE("a callback of a stop request sees it in every scope inside, and in tokens that it makes there") {
  StopScope outer(nullptr);
  StopScope inner(&outer);
  StopScope innermost(&inner);
  StopScope beside(&inner);
  const std::stop_token token = innermost.token();
  bool is_seen = false;
  const std::stop_callback looks(outer.token(), [&] {
    is_seen = innermost.stop_requested() && beside.stop_requested() && beside.token().stop_requested();
  });
  outer.request_stop();
  CHECK(is_seen);
  CHECK(token.stop_requested());
}
