#include <catch2/catch.hpp>
#include <weft/coro/worker_context.hpp>
#include <weft/weft.hpp>

#include "base/poller.hpp"
#include "io/faults.hpp"
#include "queue/timer_queue.hpp"
#include "support/skip.hpp"
#include "unit/io/backends.hpp"
#include "unit/io/socket_pair.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using weft::IoBackend;
using weft::Task;

// How often a driver enters its ring, and what waits for that.

namespace {

/// Counts.
class Enters final : public weft::detail::IoFaults {
 public:
  Enters() { use(this); }
  ~Enters() override { use(nullptr); }
  bool refuses_submission() override {
    count_.fetch_add(1);
    return false;
  }
  [[nodiscard]] int count() const { return count_.load(); }

 private:
  std::atomic<int> count_{0};
};

/// A kernel that has no memory as long as it is told so.
class TakesNothing final : public weft::detail::IoFaults {
 public:
  TakesNothing() { use(this); }
  ~TakesNothing() override { use(nullptr); }
  bool refuses_submission() override { return is_so; }

  bool is_so = true;
};

/// Two sockets that are connected by TCP, of which the kernel says whether there is more to receive.
class TcpEnds {
 public:
  TcpEnds() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    bool works = ::bind(listener, any, size) == 0 && ::listen(listener, 1) == 0 && ::getsockname(listener, any, &size) == 0;
    other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    works = works && ::connect(other, any, size) == 0;
    own = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ::close(listener);
    if (!works || own < 0) throw std::runtime_error("no connection on this machine");
    const int on = 1;
    ::setsockopt(other, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  TcpEnds(const TcpEnds&) = delete;
  TcpEnds& operator=(const TcpEnds&) = delete;
  ~TcpEnds() {
    ::close(own);
    ::close(other);
  }

  int own = -1;    // of the task
  int other = -1;  // of the test
};

bool is_uring_here() { return working_backends().back() == IoBackend::Uring; }

/// A ring that is new has something put off.
Task<> begin_once(const TcpEnds& ends) { static_cast<void>(co_await send(ends.own, "x", 1)); }

/// On a runtime, and without one.
void by_both(const weft::RuntimeOptions& options, const std::function<Task<>()>& work) {
  SECTION("a runtime") {
    weft::Runtime rt(options);
    rt.run(work());
  }
  SECTION("sync_wait") { weft::sync_wait(work()); }
}

}  // namespace

TEST_CASE("who answers one other side enters the kernel twice for each message") {
  if (!is_uring_here()) return weft_test::skip("there is no io_uring here");
  constexpr int kMessages = 400;
  TcpEnds ends;
  int count = 0;
  char last = 0;
  by_both({.workers = 1, .io_backend = IoBackend::Uring}, [&]() -> Task<> {
    char byte = 0;
    // The first two are there together: the kernel says that there is more, and then no more.
    static_cast<void>(::send(ends.other, "ab", 2, MSG_NOSIGNAL));
    for (int i = 0; i < 2; ++i) static_cast<void>(co_await receive(ends.own, &byte, 1));
    const Enters enters;
    std::thread client([&] {
      for (int i = 0; i < kMessages; ++i) {
        char message = static_cast<char>(i);
        static_cast<void>(::send(ends.other, &message, 1, MSG_NOSIGNAL));
        static_cast<void>(::recv(ends.other, &message, 1, MSG_WAITALL));
        last = message;
      }
    });
    for (int i = 0; i < kMessages; ++i) {
      static_cast<void>(co_await receive(ends.own, &byte, 1));
      static_cast<void>(co_await send(ends.own, &byte, 1));
    }
    count = enters.count();
    client.join();
  });
  CHECK(last == static_cast<char>(kMessages - 1));
  // Once in a while a worker looks around before it sleeps, and hands over for that.
  CHECK(count <= 2 * kMessages + kMessages / 4);
}

TEST_CASE("operations that are begun while others are ready go to the kernel together") {
  if (!is_uring_here()) return weft_test::skip("there is no io_uring here");
  constexpr int kAtOnce = 48;  // a worker looks into the kernel each 61 turns at the latest
  const TcpEnds ends;
  int count = 0;
  std::atomic<int> received{0};
  by_both({.workers = 1, .io_backend = IoBackend::Uring}, [&]() -> Task<> {
    co_await begin_once(ends);
    char byte = 0;
    static_cast<void>(::recv(ends.other, &byte, 1, 0));
    static_cast<void>(::send(ends.other, std::string(kAtOnce, 'x').data(), kAtOnce, MSG_NOSIGNAL));
    const Enters enters;
    weft::Counter all;
    for (int i = 0; i < kAtOnce; ++i) {
      weft::spawn(
          [&]() -> Task<> {
            char own = 0;
            static_cast<void>(co_await receive(ends.own, &own, 1));
            if (own == 'x') received.fetch_add(1);
          },
          all);
    }
    co_await all;
    count = enters.count();
  });
  CHECK(received.load() == kAtOnce);
  CHECK(count <= kAtOnce / 4);
}

TEST_CASE("what was kept back for the sleep of sync_wait is handed over before it runs what comes from elsewhere") {
  if (!is_uring_here()) return weft_test::skip("there is no io_uring here");
  const TcpEnds ends;
  int before = 0;
  int inside = 0;
  const auto work = [&]() -> Task<> {
    co_await begin_once(ends);
    const Enters enters;
    weft::Event comes;
    bool is_waiting = false;
    weft::Counter all;
    weft::spawn(
        [&]() -> Task<> {
          is_waiting = true;
          co_await comes;
          inside = enters.count();
          static_cast<void>(::send(ends.other, "x", 1, MSG_NOSIGNAL));
        },
        all);
    while (!is_waiting) co_await weft::yield();
    weft::spawn(
        [&]() -> Task<> {
          // Whoever waits for it is made ready by another thread, while this thread is busy here.
          std::thread([&] { comes.set(); }).join();
          before = enters.count();
          char byte = 0;
          static_cast<void>(co_await receive(ends.own, &byte, 1));
        },
        all);
    co_await all;
  };
  weft::sync_wait(work());
  CHECK(inside > before);
}

TEST_CASE("what was kept back for the worker's sleep is handed over before it runs whose time has come") {
  if (!is_uring_here()) return weft_test::skip("there is no io_uring here");
  const TcpEnds ends;
  weft::ManualClock clock;
  // Stepped, because nobody else looks at the timers of such a worker.
  weft::Runtime rt{{.workers = 1, .io_backend = IoBackend::Uring, .is_stepped = true, .clock = &clock}};
  int before = 0;
  int inside = 0;
  const auto receive_when_due = [&](const Enters& enters) -> Task<> {
    clock.advance(1s);
    before = enters.count();
    char byte = 0;
    static_cast<void>(co_await receive(ends.own, &byte, 1));
  };
  rt.run([&]() -> Task<> {
    co_await begin_once(ends);
    const Enters enters;
    weft::Counter all;
    weft::spawn(receive_when_due(enters), all);
    co_await weft::sleep_for(1s);
    inside = enters.count();
    static_cast<void>(::send(ends.other, "x", 1, MSG_NOSIGNAL));
    co_await all;
  });
  CHECK(inside > before);
}

TEST_CASE("what was kept back for the sleep of sync_wait is handed over before it runs whose time has come") {
  if (!is_uring_here()) return weft_test::skip("there is no io_uring here");
  const TcpEnds ends;
  int before = 0;
  int inside = 0;
  bool was_armed = false;
  const auto receive_when_due = [&](const Enters& enters) -> Task<> {
    const auto now = [] { return std::chrono::steady_clock::now().time_since_epoch().count(); };
    const weft::TimeNs due = weft::current_worker()->timers->next_hint();
    was_armed = due != weft::kNeverNs;
    while (was_armed && now() < due) {
    }
    before = enters.count();
    char byte = 0;
    static_cast<void>(co_await receive(ends.own, &byte, 1));
  };
  const auto work = [&]() -> Task<> {
    co_await begin_once(ends);
    const Enters enters;
    weft::Counter all;
    weft::spawn(receive_when_due(enters), all);
    co_await weft::sleep_for(20ms);  // the timer that is to be due; sync_wait goes by no other clock
    inside = enters.count();
    static_cast<void>(::send(ends.other, "x", 1, MSG_NOSIGNAL));
    co_await all;
  };
  weft::sync_wait(work());
  if (!was_armed) return weft_test::skip("the machine was so slow that the time had come before anybody could wait for it");
  CHECK(inside > before);
}

TEST_CASE("who receives from a socket that has more does not sleep between") {
  if (!is_uring_here()) return weft_test::skip("there is no io_uring here");
  constexpr int kBytes = 200;
  const TcpEnds ends;
  weft::Runtime rt{{.workers = 1, .io_backend = IoBackend::Uring}};
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  rt.run([&]() -> Task<> {
    const std::string bytes(kBytes, 'x');
    static_cast<void>(::send(ends.other, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    char byte = 0;
    before = rt.stats().workers[0].parks;
    for (int i = 0; i < kBytes; ++i) {
      static_cast<void>(co_await receive(ends.own, &byte, 1));
      if (i % 2 == 0) static_cast<void>(co_await send(ends.own, &byte, 1));  // says nothing of what there is to receive
    }
    after = rt.stats().workers[0].parks;
  });
  CHECK(after - before < kBytes / 10);
}

namespace {

/// Has the worker here sleep in its ring, once: another thread sees it enter, and wakes it.
Task<> sleep_in_ring(const Enters& enters) {
  const int before = enters.count();
  weft::Event has_slept;
  std::thread other([&] {
    while (enters.count() == before) std::this_thread::yield();
    has_slept.set();
  });
  co_await has_slept;
  other.join();
}

}  // namespace

TEST_CASE("what went with the worker's sleep waits for nobody afterwards") {
  if (!is_uring_here()) return weft_test::skip("there is no io_uring here");
  const TcpEnds ends;
  int enters_of_both = 0;
  bool is_kept_after = true;
  bool wants_owner_after = true;
  by_both({.workers = 1, .io_backend = IoBackend::Uring}, [&]() -> Task<> {
    weft::Counter all;
    const auto receive_one = [&]() -> Task<> {
      char byte = 0;
      static_cast<void>(co_await receive(ends.own, &byte, 1));
    };
    co_await begin_once(ends);
    const Enters enters;
    for (int i = 0; i < 10; ++i) co_await sleep_in_ring(enters);  // a worker that is patient hands over before it sleeps
    const int before = enters.count();
    weft::spawn(receive_one(), all);
    co_await sleep_in_ring(enters);
    enters_of_both = enters.count() - before;
    is_kept_after = weft::current_worker()->poller->keeps_back();
    wants_owner_after = weft::current_worker()->poller->wants_owner();
    static_cast<void>(::send(ends.other, "x", 1, MSG_NOSIGNAL));
    co_await all;
  });
  CHECK(enters_of_both == 1);
  CHECK_FALSE(is_kept_after);
  CHECK_FALSE(wants_owner_after);
}

TEST_CASE("a stop ends operations that wait for the kernel to take any, and the others when it does again") {
  if (!is_uring_here()) {
    weft_test::skip("no io_uring here");
    return;
  }
  constexpr int kWaiting = 300;  // a ring has room for 256
  constexpr int kManySteps = 1000;
  const Ends ends;
  int begun = 0;
  int ended = 0;
  weft::TaskGroup* all = nullptr;
  const auto wait = [&]() -> Task<> {
    char in = 0;
    ++begun;
    try {
      co_await receive(ends.of[0], &in, 1);
    } catch (const weft::OperationCancelled&) {
      ++ended;
    }
  };
  const auto wait_in_group = [&](weft::TaskGroup& group) -> Task<> {
    all = &group;
    for (int i = 0; i < kWaiting; ++i) group.spawn(wait());
    co_return;
  };
  TakesNothing kernel;
  weft::Runtime rt{{.io_backend = IoBackend::Uring, .is_stepped = true}};
  weft::Counter done;
  rt.spawn(weft::with_task_group(wait_in_group), done);
  for (int i = 0; i < kManySteps && begun < kWaiting; ++i) rt.step();
  REQUIRE(begun == kWaiting);
  all->request_stop();
  for (int i = 0; i < kManySteps && ended == 0; ++i) rt.step();
  CHECK(ended > 0);
  CHECK(ended < kWaiting);
  kernel.is_so = false;
  while (!done.is_complete()) rt.step();
  CHECK(ended == kWaiting);
}
