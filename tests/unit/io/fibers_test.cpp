// What fibers await of I/O, in blocking style.
#include <catch2/catch.hpp>
#include <weft/io/event_fd.hpp>
#include <weft/io/pipe.hpp>
#include <weft/io/process.hpp>
#include <weft/io/signals.hpp>
#include <weft/io/tcp.hpp>
#include <weft/io/udp.hpp>
#include <weft/weft.hpp>

#include "unit/io/streams.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weft_test;
using weft::Counter;
using weft::OperationCancelled;
using weft::Runtime;
using weft::RuntimeOptions;
using weft::Task;
using weft::io::Datagram;
using weft::io::ExitStatus;
using weft::io::Process;
using weft::io::Signals;
using weft::io::SocketAddress;
using weft::io::Stdio;
using weft::io::TcpListener;
using weft::io::TcpStream;
using weft::io::UdpSocket;
namespace this_fiber = weft::this_fiber;

namespace {

std::vector<RuntimeOptions> all_settings() {
  std::vector<RuntimeOptions> all;
  for (const weft::IoBackend backend : working_backends()) {
    for (const unsigned workers : {1U, 2U}) all.push_back({.workers = workers, .io_backend = backend});
  }
  return all;
}

/// Runs both on fibers, the first of which waits first where there is one worker: were that blocked, the second would never begin.
template <class First, class Second>
void run_on_fibers(const RuntimeOptions& options, First first, Second second) {
  Runtime rt(options);
  Counter ended;
  rt.spawn_fiber(std::ref(first), ended);
  rt.spawn_fiber(std::ref(second), ended);
  ended.wait();
}

/// Everything up to the end of the stream.
template <class Stream>
std::string rest_of(Stream& stream) {
  std::string all;
  std::string part(10'000, '\0');
  while (const std::size_t size = this_fiber::await(stream.read(bytes_in(part)))) all.append(part, 0, size);
  return all;
}

/// What nothing ever happens to, so that whoever waits for it waits until it is stopped.
struct Silence {
  Signals signals{SIGUSR2};
  weft::io::EventFd events;
  weft::io::Pipe pipe = weft::io::pipe();
  TcpListener listener = TcpListener::listen(SocketAddress::loopback(0));
  TcpListener other_listener = TcpListener::listen(SocketAddress::loopback(0));
  UdpSocket socket = UdpSocket::bind(SocketAddress::loopback(0));
  Process program = Process::spawn({"cat"}, {.input = Stdio::Pipe, .output = Stdio::Null});
};

struct Wait {
  const char* name;
  void (*begin)(Silence& silence);
};

std::string one_byte() { return std::string(1, '\0'); }

const std::vector<Wait>& all_waits() {
  static const std::vector<Wait> kAll{
      {"accept", [](Silence& silence) { static_cast<void>(this_fiber::await(silence.listener.accept())); }},
      {"read of a stream",
       [](Silence& silence) {
         TcpStream stream = this_fiber::await(TcpStream::connect(silence.other_listener.local_address()));
         std::string byte = one_byte();
         static_cast<void>(this_fiber::await(stream.read(bytes_in(byte))));
       }},
      {"write of all into a stream",
       [](Silence& silence) {
         TcpStream stream = this_fiber::await(TcpStream::connect(silence.other_listener.local_address()));
         const std::string text(std::size_t{32} << 20, 'x');
         this_fiber::await(stream.write_all(bytes_in(text)));
       }},
      {"datagram",
       [](Silence& silence) {
         std::string byte = one_byte();
         static_cast<void>(this_fiber::await(silence.socket.receive_from(bytes_in(byte))));
       }},
      {"read of a pipe",
       [](Silence& silence) {
         std::string byte = one_byte();
         this_fiber::await(silence.pipe.reader.read_exactly(bytes_in(byte)));
       }},
      {"events", [](Silence& silence) { static_cast<void>(this_fiber::await(silence.events.wait())); }},
      {"end of a program", [](Silence& silence) { static_cast<void>(this_fiber::await(silence.program.wait())); }},
      {"signal", [](Silence& silence) { static_cast<void>(this_fiber::await(silence.signals.next())); }},
      {"signal, by a task", [](Silence& silence) {
         this_fiber::await([](Signals& signals) -> Task<> { static_cast<void>(co_await signals.next()); }(silence.signals));
       }}};
  return kAll;
}

/// Waits, on a fiber, and says how that has ended.
class Waiting {
 public:
  Waiting(const Wait& what, Silence& silence) : what_(what), silence_(silence) {}

  void operator()() {
    try {
      what_.begin(silence_);
      end_ = "it came";
    } catch (const OperationCancelled&) {
      end_ = "it was stopped";
      throw;
    }
  }
  [[nodiscard]] const std::string& end() const { return end_; }

 private:
  const Wait& what_;
  Silence& silence_;
  std::string end_ = "it has not ended";
};

/// Calls `test(runtime, waiting, silence)` for everything that a fiber can wait for, in each setting. That throws OperationCancelled, and the fiber
/// has been stopped, or this fails.
template <class F>
void check_that_each_wait_ends(F test) {
  for (const RuntimeOptions& options : all_settings()) {
    Silence silence;  // before the runtime, for its signals
    for (const Wait& wait : all_waits()) {
      CAPTURE(name_of(options.io_backend), options.workers, wait.name);
      Waiting waiting(wait, silence);
      Runtime rt(options);
      CHECK_THROWS_AS(test(rt, waiting), OperationCancelled);
      CHECK(waiting.end() == "it was stopped");
    }
  }
}

}  // namespace

TEST_CASE("fibers accept, connect, read, and write all") {
  const std::string text = pattern(std::size_t{4} << 20);
  for (const RuntimeOptions& options : all_settings()) {
    TcpListener listener = TcpListener::listen(SocketAddress::loopback(0));
    std::string arrived(text.size(), '\0');
    std::string answer;
    const auto serve = [&] {
      TcpStream stream = this_fiber::await(listener.accept());
      this_fiber::await(stream.read_exactly(bytes_in(arrived)));
      this_fiber::await(stream.write_all(bytes_in(arrived)));
    };
    const auto ask = [&] {
      TcpStream stream = this_fiber::await(TcpStream::connect(listener.local_address()));
      this_fiber::await(stream.write_all(bytes_in(text)));
      answer = rest_of(stream);
    };
    run_on_fibers(options, serve, ask);
    CHECK(arrived == text);
    CHECK(answer == text);
  }
}

TEST_CASE("fibers have errors as exceptions and as values") {
  for (const RuntimeOptions& options : all_settings()) {
    const SocketAddress nobody = TcpListener::listen(SocketAddress::loopback(0)).local_address();
    std::string said;
    std::error_code error;
    const auto throws = [&] {
      try {
        static_cast<void>(this_fiber::await(TcpStream::connect(nobody)));
      } catch (const std::system_error& thrown) {
        said = thrown.what();
      }
    };
    const auto returns = [&] { error = this_fiber::await(TcpStream::connect(nobody).or_error()).error(); };
    run_on_fibers(options, throws, returns);
    CHECK(said == "weft: connect of " + nobody.to_string() + ": Connection refused");
    CHECK(error == std::errc::connection_refused);
  }
}

TEST_CASE("fibers send datagrams and receive them") {
  for (const RuntimeOptions& options : all_settings()) {
    UdpSocket server = UdpSocket::bind(SocketAddress::loopback(0));
    UdpSocket client = UdpSocket::bind(SocketAddress::loopback(0));
    std::string asked(100, '\0');
    std::string answered(100, '\0');
    Datagram question;
    const auto answer = [&] {
      question = this_fiber::await(server.receive_from(bytes_in(asked)));
      this_fiber::await(server.send_to(bytes_in("an answer"), question.from));
    };
    const auto ask = [&] {
      this_fiber::await(client.send_to(bytes_in("a question"), server.local_address()));
      answered.resize(this_fiber::await(client.receive_from(bytes_in(answered))).size);
    };
    run_on_fibers(options, answer, ask);
    CHECK(asked.substr(0, question.size) == "a question");
    CHECK(question.from == client.local_address());
    CHECK(answered == "an answer");
  }
}

TEST_CASE("fibers send more through a pipe than it holds") {
  const std::string text = pattern(std::size_t{1} << 20);
  for (const RuntimeOptions& options : all_settings()) {
    weft::io::Pipe pipe = weft::io::pipe();
    std::string got;
    const auto read = [&] { got = rest_of(pipe.reader); };
    const auto write = [&] {
      this_fiber::await(pipe.writer.write_all(bytes_in(text)));
      pipe.writer.close();
    };
    run_on_fibers(options, read, write);
    CHECK(got == text);
  }
}

TEST_CASE("a fiber waits for a program that another fiber feeds") {
  for (const RuntimeOptions& options : all_settings()) {
    Process program = Process::spawn({"sh", "-c", "read word; echo $word; exit 7"}, {.input = Stdio::Pipe, .output = Stdio::Pipe});
    ExitStatus status;
    std::string said;
    const auto wait = [&] { status = this_fiber::await(program.wait()); };
    const auto feed = [&] {
      this_fiber::await(program.input().write_all(bytes_in("hello\n")));
      said = rest_of(program.output());
    };
    run_on_fibers(options, wait, feed);
    CHECK(status == ExitStatus{.code = 7});
    CHECK(said == "hello\n");
  }
}

TEST_CASE("a fiber waits for a signal") {
  for (const RuntimeOptions& options : all_settings()) {
    Signals signals{SIGUSR1};
    weft::io::Signal taken;
    const auto wait = [&] { taken = this_fiber::await(signals.next()); };
    const auto send = [] { ::kill(::getpid(), SIGUSR1); };
    run_on_fibers(options, wait, send);
    CHECK(taken.number == SIGUSR1);
    CHECK(taken.sender == ::getpid());
  }
}

TEST_CASE("a timeout around a fiber ends what the fiber waits for") {
  check_that_each_wait_ends([](Runtime& rt, Waiting& waiting) {
    if (rt.run(weft::completed_within(weft::on_fiber(std::ref(waiting)), 2ms))) return;
    throw OperationCancelled();
  });
}

TEST_CASE("a request to a group ends what its fibers wait for") {
  check_that_each_wait_ends([](Runtime& rt, Waiting& waiting) {
    const auto body = [&waiting](weft::TaskGroup& group) -> Task<> {
      group.spawn(weft::on_fiber(std::ref(waiting)));
      for (int i = 0; i < 3; ++i) co_await weft::yield();  // where there is one worker, it waits by now
      group.request_stop();
    };
    rt.run(weft::with_task_group(body));
  });
}

TEST_CASE("a stop request to a spawned fiber ends what it waits for") {
  check_that_each_wait_ends([](Runtime& rt, Waiting& waiting) {
    std::stop_source stop;
    Counter ended;
    const weft::FiberOptions options{.stop = stop.get_token()};
    rt.spawn_fiber(std::ref(waiting), ended, options);
    rt.run([] {});  // behind it, where there is one worker
    stop.request_stop();
    ended.wait();
  });
}

TEST_CASE("a shutdown with Cancel ends what fibers wait for") {
  check_that_each_wait_ends([](Runtime& rt, Waiting& waiting) {
    Counter ended;
    rt.spawn_fiber(std::ref(waiting), ended);
    rt.run([] {});  // behind it, where there is one worker
    if (!rt.shutdown(weft::Shutdown::Cancel).is_complete()) return;
    ended.wait();
  });
}

TEST_CASE("a fiber whose wait was ended by a timeout of its own goes on, and nothing is lost") {
  for (const RuntimeOptions& options : all_settings()) {
    weft::io::Pipe pipe = weft::io::pipe();
    std::string got(4, '\0');
    bool is_stopped = false;
    bool is_late = false;
    Runtime rt(options);
    rt.run(weft::on_fiber([&] {
      is_late = !this_fiber::await(weft::completed_within(pipe.reader.read_exactly(bytes_in(got)), 2ms));
      is_stopped = this_fiber::stop_requested();
      this_fiber::await(pipe.writer.write_all(bytes_in("late")));
      this_fiber::await(pipe.reader.read_exactly(bytes_in(got)));
    }));
    CHECK(is_late);
    CHECK_FALSE(is_stopped);
    CHECK(got == "late");
  }
}
