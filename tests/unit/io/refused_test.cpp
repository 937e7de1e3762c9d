#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "io/faults.hpp"
#include "support/locked_memory.hpp"
#include "support/refused_call.hpp"
#include "support/skip.hpp"
#include "support/subprocess.hpp"
#include "unit/io/backends.hpp"
#include "unit/io/socket_pair.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>

using weft::IoBackend;
using weft::Runtime;
using weft::Task;

namespace {

constexpr const char* kNoThreads = "ThreadSanitizer lets no threads begin in the child of a process that has had some";

/// To this thread, and those that it starts. False: it cannot be had.
bool refuse_rings(int error) { return weft_test::refuse_call(SYS_io_uring_setup, error); }

Task<bool> one_byte(const Ends& ends) {
  const char out = 'x';
  char in = 0;
  co_await send(ends.of[0], &out, 1);
  co_await receive(ends.of[1], &in, 1);
  co_return in == 'x';
}

/// By their threads alone: in Runtime::run() this one would be a guest, who has no driver.
template <class Work>
void run_on_workers(Runtime& rt, Work& work) {
  weft::Counter all;
  rt.spawn(work(), all);
  weft::sync_wait([&]() -> Task<> { co_await all; }());
}

/// How many descriptors of this process are of that kind.
int descriptors_of_kind(const std::string& kind) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone) == "anon_inode:[" + kind + "]") ++count;
  }
  return count;
}

/// Answers what it is asked: by operations that wait.
Task<int> add_one_to_each(int fd, int messages) {
  int answered = 0;
  for (; answered < messages; ++answered) {
    unsigned char byte = 0;
    const std::size_t size = co_await receive(fd, &byte, 1);
    if (size != 1) break;
    ++byte;
    co_await send(fd, &byte, 1);
  }
  co_return answered;
}

Task<int> ask_for_one_more(int fd, int messages) {
  int right = 0;
  for (int i = 0; i < messages; ++i) {
    const auto out = static_cast<unsigned char>(i);
    unsigned char in = 0;
    co_await send(fd, &out, 1);
    co_await receive(fd, &in, 1);
    right += in == static_cast<unsigned char>(out + 1) ? 1 : 0;
  }
  co_return right;
}

Task<bool> is_stopped_while_receiving(int fd) {
  char in = 0;
  const auto wait = [&]() -> Task<> { static_cast<void>(co_await receive(fd, &in, 1)); };
  const bool has_come = co_await weft::completed_within(wait(), std::chrono::milliseconds(1));
  co_return !has_come;
}

}  // namespace

TEST_CASE("where the kernel refuses rings, epoll is used; who has asked for rings is told why there are none") {
  if (WEFT_TSAN) return weft_test::skip(kNoThreads);
  for (const int error : {EPERM, ENOSYS, ENOMEM}) {
    CAPTURE(error);
    const auto child = [error] {
      if (!refuse_rings(error)) return 0;
      const Ends ends;
      {
        Runtime rt;
        if (rt.io_backend() != IoBackend::Epoll || !rt.run(one_byte(ends))) return 1;
      }
      try {
        const Runtime asked{{.io_backend = IoBackend::Uring}};
        return 2;
      } catch (const std::system_error& caught) {
        if (caught.code().value() != error) return 3;
        return std::string(caught.what()).find("io_uring, which RuntimeOptions::io_backend asks for") != std::string::npos ? 0 : 4;
      }
    };
    CHECK(weft_test::in_child(child).status == 0);
  }
}

TEST_CASE("a worker whose ring cannot be made, although that of another one could, uses epoll, and both talk and are stopped") {
  if (WEFT_TSAN) return weft_test::skip(kNoThreads);
  if (working_backends().back() != IoBackend::Uring) return weft_test::skip("there is no io_uring here");
  constexpr int kMessages = 300;
  const auto child = [] {
    const Ends ends;
    std::atomic<int> present{0};
    bool is_refused = false;
    // On two workers: neither goes on before the other is there.
    const auto meet = [&] {
      present.fetch_add(1);
      while (present.load() < 2) std::this_thread::yield();
    };
    const auto with_ring = [&]() -> Task<bool> {
      meet();
      const int right = co_await ask_for_one_more(ends.of[0], kMessages);
      const bool is_stopped = co_await is_stopped_while_receiving(ends.of[0]);
      co_return right == kMessages && is_stopped;
    };
    const auto without_ring = [&]() -> Task<bool> {
      meet();
      is_refused = refuse_rings(EMFILE);
      const int answered = co_await add_one_to_each(ends.of[1], kMessages);
      const bool is_stopped = co_await is_stopped_while_receiving(ends.of[1]);
      co_return answered == kMessages && is_stopped;
    };
    bool is_right = false;
    const auto both = [&]() -> Task<> {
      const auto [first, second] = co_await weft::when_all(with_ring(), without_ring());
      is_right = first && second;
    };
    Runtime rt{{.workers = 2}};
    run_on_workers(rt, both);
    if (!is_refused) return 0;
    if (!is_right) return 1;
    if (rt.io_backend() != IoBackend::Uring) return 2;
    return descriptors_of_kind("io_uring") == 1 && descriptors_of_kind("eventpoll") == 1 ? 0 : 3;
  };
  CHECK(weft_test::in_child(child).status == 0);
}

TEST_CASE("where no memory may be locked, which rings need on some kernels, operations work all the same") {
  if (WEFT_TSAN) return weft_test::skip(kNoThreads);
  const auto child = [] {
    if (!weft_test::limit_locked_memory(0)) return 0;
    const Ends ends;
    Runtime rt{{.workers = 2}};
    return rt.run(one_byte(ends)) ? 0 : 1;
  };
  CHECK(weft_test::in_child(child).status == 0);
}

TEST_CASE("who has asked for rings is told when that of a worker cannot be made") {
  if (WEFT_TSAN) return weft_test::skip(kNoThreads);
  if (working_backends().back() != IoBackend::Uring) return weft_test::skip("there is no io_uring here");
  const auto child = [] {
    const Ends ends;
    bool is_refused = false;
    const auto work = [&]() -> Task<> {
      is_refused = refuse_rings(EMFILE);
      static_cast<void>(co_await one_byte(ends));
    };
    Runtime rt{{.workers = 1, .io_backend = IoBackend::Uring}};
    try {
      run_on_workers(rt, work);
      return is_refused ? 1 : 0;
    } catch (const std::system_error& caught) {
      return caught.code() == std::errc::too_many_files_open ? 0 : 2;
    }
  };
  CHECK(weft_test::in_child(child).status == 0);
}

TEST_CASE("an operation for which there is no descriptor left fails, and the next one that has one does not") {
  if (WEFT_TSAN) return weft_test::skip(kNoThreads);
  const auto child = [] {
    const Ends ends;
    Runtime rt{{.workers = 1}};
    rt.run([] {});
    const rlimit none{0, 1024};
    const rlimit enough{1024, 1024};
    if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return 0;
    try {
      rt.run(one_byte(ends));
      return 1;
    } catch (const std::system_error& caught) {
      if (caught.code() != std::errc::too_many_files_open) return 2;
    }
    if (::setrlimit(RLIMIT_NOFILE, &enough) != 0) return 3;
    return rt.run(one_byte(ends)) ? 0 : 4;
  };
  CHECK(weft_test::in_child(child).status == 0);
}

TEST_CASE("where memory that may be locked is short a ring is smaller, and where there is none the error says so") {
  class ShortOfMemory final : public weft::detail::IoFaults {
   public:
    ShortOfMemory() { use(this); }
    ~ShortOfMemory() override { use(nullptr); }
    unsigned completions(unsigned wanted) override { return wanted <= most ? wanted : 0; }

    unsigned most = 256;
  };
  if (working_backends().back() != IoBackend::Uring) {
    weft_test::skip("no io_uring here");
    return;
  }
  ShortOfMemory kernel;
  const Ends ends;
  const auto work = [&]() -> Task<> {
    const bool is_right = co_await one_byte(ends);
    CHECK(is_right);
  };
  Runtime rt{{.io_backend = IoBackend::Uring, .is_stepped = true}};
  rt.run(work());
  kernel.most = 0;
  try {
    const Runtime none{{.io_backend = IoBackend::Uring}};
    FAIL("it did not throw");
  } catch (const std::system_error& error) {
    CHECK(error.code() == std::errc::not_enough_memory);
    CHECK(std::string(error.what()).find("ulimit -l") != std::string::npos);
  }
}
