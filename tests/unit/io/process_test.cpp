#include <catch2/catch.hpp>
#include <weft/io/process.hpp>
#include <weft/io/signals.hpp>
#include <weft/weft.hpp>

#include "support/pipe.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/streams.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weft_test;
using weft::Task;
using weft::io::ExitStatus;
using weft::io::Process;
using weft::io::Signal;
using weft::io::Signals;
using weft::io::Stdio;

namespace {

Task<> feed_and_close(weft::io::PipeWriter& writer, const std::string& text) {
  co_await writer.write_all(std::string_view(text));
  writer.close();
}

Task<ExitStatus> end_of(Process& process) { co_return co_await process.wait(); }
Task<Signal> next_of(Signals& signals) { co_return co_await signals.next(); }

/// Whether this process has that child, also when it has ended. (It may have others: sanitizers start programs.)
bool has_child(int id) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(id), &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

std::size_t open_files() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

template <class F>
std::string output_of_program(F function) {
  try {
    static_cast<void>(function());
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("what a program returns, and what signal has ended it, is said as often as one asks") {
  with_each_setting([]() -> Task<> {
    auto seven = Process::spawn({"sh", "-c", "exit 7"});
    const int id = seven.id();
    CHECK(has_child(id));
    for (int i = 0; i < 2; ++i) {
      const ExitStatus status = co_await seven.wait();
      CHECK(status == ExitStatus{.code = 7});
      CHECK_FALSE(status.is_success());
    }
    CHECK_FALSE(has_child(id));
    CHECK(seven.try_wait() == ExitStatus{.code = 7});
    CHECK_FALSE(seven.kill(SIGTERM));
    auto killed = Process::spawn({"sleep", "1000"});
    CHECK_FALSE(killed.try_wait().has_value());
    CHECK(killed.kill(SIGTERM));
    const ExitStatus status = co_await killed.wait();
    CHECK(status == ExitStatus{.signal = SIGTERM});
    auto good = Process::spawn({"true"});
    const ExitStatus end = co_await good.wait();
    CHECK(end.is_success());
  });
}

TEST_CASE("a program's streams are pipes, and more goes through than they hold") {
  const std::string text = pattern(std::size_t{1} << 20);
  with_each_setting([&]() -> Task<> {
    auto cat = Process::spawn({"cat"}, {.input = Stdio::Pipe, .output = Stdio::Pipe, .error = Stdio::Null});
    auto [got, nothing] = co_await weft::when_all(read_all(cat.output()), feed_and_close(cat.input(), text));
    static_cast<void>(nothing);
    CHECK(got == text);
    const ExitStatus status = co_await cat.wait();
    CHECK(status.is_success());
    auto says = Process::spawn({"sh", "-c", "echo out; echo err >&2; cat"}, {.input = Stdio::Null, .output = Stdio::Pipe, .error = Stdio::Pipe});
    const std::string out = co_await read_all(says.output());
    const std::string err = co_await read_all(says.error());
    CHECK(out == "out\n");
    CHECK(err == "err\n");
    const ExitStatus end = co_await says.wait();
    CHECK(end.is_success());
  });
}

TEST_CASE("a program has the environment and the folder it is given, and no descriptor of this one's") {
  const TemporaryFolder folder;
  const std::string path = std::filesystem::canonical(folder.write("marker", "").parent_path()).string();
  with_each_setting([&]() -> Task<> {
    const auto other_pipe = weft::io::pipe();
    auto shell = Process::spawn({"/bin/sh", "-c", "echo $WORD; pwd; ls /proc/self/fd | wc -l; kill -PIPE $$; echo not reached"},
                                {.output = Stdio::Pipe, .environment = {{"WORD=here", "PATH=/usr/bin:/bin"}}, .working_directory = path});
    const std::string said = co_await read_all(shell.output());
    // Of ls: its standard streams and the folder that it reads.
    CHECK(said == "here\n" + path + "\n4\n");
    const ExitStatus status = co_await shell.wait();
    CHECK(status == ExitStatus{.signal = SIGPIPE});
  });
}

TEST_CASE("a program's streams are files, and its errors go where its output goes") {
  const TemporaryFolder folder;
  const std::string in = folder.write("in", "from a file\n").string();
  const std::string out = (folder / "out").string();
  with_each_setting([&]() -> Task<> {
    weft::io::File input = co_await weft::io::File::open(in);
    weft::io::File output = co_await weft::io::File::create(out);
    co_await output.write_all("before\n");
    auto shell = Process::spawn({"sh", "-c", "cat; echo err >&2; echo out"}, {.input = input, .output = output, .error = Stdio::Output});
    const ExitStatus status = co_await shell.wait();
    CHECK(status.is_success());
    // The position is one for both programs.
    co_await output.write_all(std::string_view("after\n"));
    const std::string written = co_await weft::io::read_file(out);
    CHECK(written == "before\nfrom a file\nerr\nout\nafter\n");
    auto both = Process::spawn({"sh", "-c", "echo err >&2; echo out"}, {.output = Stdio::Pipe, .error = Stdio::Output});
    const std::string said = co_await read_all(both.output());
    CHECK(said == "err\nout\n");
    const ExitStatus end = co_await both.wait();
    CHECK(end.is_success());
  });
}

TEST_CASE("a program's streams are descriptors, those of this program's own streams too") {
  with_each_setting([]() -> Task<> {
    auto [reader, writer] = weft::io::pipe();
    const weft::io::Descriptor end = writer.release();
    // Our 2 as its 0 and our 0 as its 2: what is put in its place first must not be taken for the other.
    weft::io::Descriptor standard_input(0);
    weft::io::Descriptor standard_error(2);
    auto shell = Process::spawn({"sh", "-c", "ls -l /proc/self/fd/0 /proc/self/fd/2 | sed 's/.*-> //'"},
                                {.input = standard_error, .output = end, .error = standard_input});
    static_cast<void>(standard_input.release());
    static_cast<void>(standard_error.release());
    const ExitStatus status = co_await shell.wait();
    CHECK(status.is_success());
    std::string got(4096, '\0');
    got.resize(co_await reader.read(bytes_in(got)));
    const auto target = [](const char* of) { return std::filesystem::read_symlink(of).string(); };
    CHECK(got == target("/proc/self/fd/2") + "\n" + target("/proc/self/fd/0") + "\n");
  });
}

TEST_CASE("a program cannot have an output that is its output") {
  CHECK(output_of_program([] { return Process::spawn({"true"}, {.output = Stdio::Output}); }).find("not the error stream") != std::string::npos);
  const weft::io::Descriptor none;
  CHECK(output_of_program([&] { return Process::spawn({"true"}, {.output = none}); }) == "weft: spawn of true: Bad file descriptor");
}

TEST_CASE("a program that is not there is named") {
  CHECK(output_of_program([] { return Process::spawn({"no-such-program"}); }) == "weft: spawn of no-such-program: No such file or directory");
  CHECK(output_of_program([] { return Process::spawn({}); }).find("without the name of a program") != std::string::npos);
  const std::size_t before = open_files();
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(output_of_program([] { return Process::spawn({"no-such-program"}, {.input = Stdio::Pipe, .output = Stdio::Pipe}); }).empty());
  }
  CHECK(open_files() == before);
}

TEST_CASE("a program that nobody waits for is killed, and leaves neither a zombie nor a descriptor") {
  const std::size_t before = open_files();
  std::vector<int> ids;
  {
    auto one = Process::spawn({"sleep", "1000"}, {.input = Stdio::Pipe, .output = Stdio::Pipe});
    auto other = Process::spawn({"true"});
    ids = {one.id(), other.id()};
    other = std::move(one);
    CHECK(other.id() == ids[0]);
    CHECK_FALSE(has_child(ids[1]));
    CHECK(has_child(ids[0]));
  }
  CHECK_FALSE(has_child(ids[0]));
  CHECK(open_files() == before);
}

TEST_CASE("a timeout ends a wait for a program, which goes on") {
  with_each_setting([]() -> Task<> {
    auto cat = Process::spawn({"cat"}, {.input = Stdio::Pipe, .output = Stdio::Pipe});
    const auto nothing = co_await weft::completed_within(end_of(cat), 2ms);
    CHECK_FALSE(nothing.has_value());
    auto [got, written] = co_await weft::when_all(read_all(cat.output()), feed_and_close(cat.input(), "still here"));
    static_cast<void>(written);
    CHECK(got == "still here");
    const ExitStatus status = co_await cat.wait();
    CHECK(status.is_success());
  });
}

TEST_CASE("signals wait to be taken, and a timeout loses none") {
  Signals signals = weft::io::signals(SIGUSR1, SIGUSR2);
  with_each_setting([&]() -> Task<> {
    const auto nothing = co_await weft::completed_within(next_of(signals), 2ms);
    CHECK_FALSE(nothing.has_value());
    ::kill(::getpid(), SIGUSR1);
    const Signal first = co_await signals.next();
    CHECK(first.number == SIGUSR1);
    CHECK(first.sender == ::getpid());
    auto send = []() -> Task<> {
      co_await weft::yield();
      ::kill(::getpid(), SIGUSR2);
    };
    auto [second, sent] = co_await weft::when_all(next_of(signals), send());
    static_cast<void>(sent);
    CHECK(second.number == SIGUSR2);
  });
}

TEST_CASE("signals that another thread does not block are refused") {
  const weft_test::Pipe hold;
  std::atomic<bool> is_there{false};
  std::thread other([&] {
    is_there.store(true);
    hold.block();
  });
  // Before that the system has all of its signals blocked.
  while (!is_there.load()) std::this_thread::yield();
  const std::string said = output_of_program([] { return Signals{SIGWINCH}; });
  hold.release();
  other.join();
  CHECK(said.find("make it before other threads, and so before the runtime") != std::string::npos);
  CHECK(output_of_program([] { return Signals{4711}; }).find("no signal's") != std::string::npos);
}
