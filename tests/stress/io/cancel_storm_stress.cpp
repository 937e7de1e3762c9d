#include <catch2/catch.hpp>
#include <weft/io/file.hpp>
#include <weft/io/pipe.hpp>
#include <weft/io/tcp.hpp>
#include <weft/io/unix_socket.hpp>
#include <weft/weft.hpp>

#include "stress/io/buffers.hpp"
#include "stress/io/storm.hpp"
#include "support/open_descriptors.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/streams.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace weft_test;
using namespace std::chrono_literals;
using weft::Task;
using weft::TaskGroup;
using weft::io::File;
using weft::io::SocketAddress;
using weft::io::TcpListener;
using weft::io::TcpStream;
using weft::io::UnixStream;

namespace {

enum class Kind : std::uint8_t { Socket, Pipe, File, Accept, Connect, Meet, Sleep };

/// One operation, and what has become of it.
struct Attempt {
  Kind kind = Kind::Sleep;
  std::size_t slot = 0;      // which of the sockets or pipes
  std::uint64_t offset = 0;  // in the file
  bool is_fed = false;       // somebody writes while it reads
  bool has_begun = false;
  bool has_ended = false;
  bool is_cancelled = false;
  std::size_t size = 0;  // that it has given
  TcpListener meeting;  // of its own: who comes late comes to nobody else
  TcpStream connected;
  TcpStream accepted;
  std::unique_ptr<Buffer> buffer = std::make_unique<Buffer>();
};

/// What a storm meets in the world.
struct Places {
  File& file;
  const std::string& text;  // of the file
  SocketAddress full;       // where a connect waits for ever
  Watchdog& watchdog;
};

/// Rounds of some operations each, whose scope is left while they are under way. What they leave behind is looked at after each.
class Storm {
 public:
  static constexpr std::size_t kMost = 12;  // operations of a round

  Storm(std::uint64_t stream, const Places& places) : random_(stream), places_(places) {
    for (std::size_t i = 0; i < kMost; ++i) {
      sockets_.push_back(weft::io::stream_pair());
      pipes_.push_back(weft::io::pipe());
    }
  }

  /// Begins so many operations, and some more; stops before when something is wrong.
  Task<> run(int operations) {
    while (begun_ < operations && fault_.empty()) {
      co_await round();
      places_.watchdog.progress();
    }
    if (!graveyard_.is_quiet()) fault_ = "a buffer was written to after its operation had ended";
  }

  /// What was wrong; empty: nothing.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
  /// From each request to stop until its scope had ended.
  [[nodiscard]] const std::vector<ScopeLeaver::Clock::duration>& exits() const noexcept { return scopes_.times(); }
  [[nodiscard]] int begun() const noexcept { return begun_; }
  [[nodiscard]] int cancelled() const noexcept { return cancelled_; }

 private:
  Task<> round() {
    ++stamp_;
    std::vector<Attempt> attempts(1 + random_.below(kMost));
    for (std::size_t i = 0; i < attempts.size(); ++i) draw(attempts[i], i);
    co_await scopes_.run([this, &attempts](TaskGroup& group) {
      for (Attempt& attempt : attempts) {
        attempt.has_begun = true;
        begun_ += attempt.kind == Kind::Meet ? 2 : 1;
        group.spawn(perform(attempt));
        if (attempt.is_fed) group.spawn([this, &attempt] { feed(attempt); });
      }
    });
    for (Attempt& attempt : attempts) {
      if (attempt.has_begun) note(fault_of(attempt));
      if (!graveyard_.bury(std::move(attempt.buffer))) note("a buffer was written to after its operation had ended");
    }
  }

  void draw(Attempt& attempt, std::size_t slot) {
    attempt.kind = static_cast<Kind>(random_.below(7));
    if (attempt.kind == Kind::Meet) attempt.meeting = TcpListener::listen(SocketAddress::loopback(0));
    attempt.slot = slot;
    attempt.offset = random_.below(places_.text.size() - Buffer::kSize);
    attempt.is_fed = (attempt.kind == Kind::Socket || attempt.kind == Kind::Pipe) && random_.one_in(3);
  }

  Task<> perform(Attempt& attempt) {
    try {
      if (attempt.kind == Kind::Meet) {
        co_await weft::when_all(connect(attempt), accept(attempt));
      } else {
        attempt.size = co_await operation(attempt);
      }
    } catch (const weft::OperationCancelled&) {
      attempt.is_cancelled = true;
    }
    attempt.has_ended = true;
  }

  Task<std::size_t> operation(Attempt& attempt) {
    const std::span<std::byte> room = attempt.buffer->room();
    switch (attempt.kind) {
      case Kind::Socket: co_return co_await sockets_[attempt.slot].first.read(room);
      case Kind::Pipe: co_return co_await pipes_[attempt.slot].reader.read(room);
      case Kind::File: co_return co_await places_.file.read_at(room, attempt.offset);
      case Kind::Accept: attempt.accepted = co_await nobody_comes_.accept(); co_return 0;
      case Kind::Connect: attempt.connected = co_await TcpStream::connect(places_.full); co_return 0;
      default: co_await weft::sleep_for(1h); co_return 0;
    }
  }

  Task<> connect(Attempt& attempt) { attempt.connected = co_await TcpStream::connect(attempt.meeting.local_address()); }
  Task<> accept(Attempt& attempt) { attempt.accepted = co_await attempt.meeting.accept(); }

  void feed(const Attempt& attempt) const {
    if (attempt.kind == Kind::Socket) {
      static_cast<void>(::send(sockets_[attempt.slot].second.native_handle(), &stamp_, sizeof stamp_, MSG_DONTWAIT));
    } else {
      static_cast<void>(::write(pipes_[attempt.slot].writer.native_handle(), &stamp_, sizeof stamp_));
    }
  }

  [[nodiscard]] std::string fault_of(Attempt& attempt) {
    if (!attempt.has_ended) return "a scope has ended before an operation in it";
    cancelled_ += attempt.is_cancelled ? 1 : 0;
    switch (attempt.kind) {
      case Kind::Socket:
      case Kind::Pipe: return fault_of_stream(attempt);
      case Kind::File: {
        const std::string_view expected = std::string_view(places_.text).substr(attempt.offset, attempt.is_cancelled ? 0 : Buffer::kSize);
        return attempt.size == expected.size() && attempt.buffer->holds(bytes_in(expected)) ? "" : "a file was read wrongly";
      }
      case Kind::Meet: return fault_of_meeting(attempt);
      case Kind::Accept:
        if (attempt.is_cancelled && random_.one_in(8)) return fault_of_accept();
        [[fallthrough]];
      default: return attempt.is_cancelled ? "" : "what waits for ever has ended without a stop";
    }
  }

  /// What is sent goes to whoever reads, and after that to nobody but the one who reads next.
  [[nodiscard]] std::string fault_of_stream(const Attempt& attempt) {
    const std::span<const std::byte> stamp = std::as_bytes(std::span(&stamp_, 1));
    if (!attempt.is_cancelled) {
      if (!attempt.is_fed) return "a read has ended without anything to read";
      return attempt.size == stamp.size() && attempt.buffer->holds(stamp) ? "" : "a read has given something else than was sent";
    }
    // If the kernel had the operation still, it would take this.
    if (!attempt.is_fed) feed(attempt);
    std::uint64_t got = 0;
    const int from = attempt.kind == Kind::Socket ? sockets_[attempt.slot].first.native_handle() : pipes_[attempt.slot].reader.native_handle();
    if (::read(from, &got, sizeof got) != sizeof got || got != stamp_) return "what was sent was taken by an operation that had ended";
    return attempt.buffer->holds({}) ? "" : "a read that was cancelled has read something";
  }

  [[nodiscard]] std::string fault_of_meeting(Attempt& attempt) {
    std::string fault;
    if (attempt.connected.is_open()) {
      if (!attempt.accepted.is_open()) {
        if (!take_waiting(attempt.meeting)) fault = "a connection was lost to an accept that had ended";
      } else if (attempt.accepted.peer_address() != attempt.connected.local_address()) {
        fault = "somebody else was accepted";
      }
      attempt.connected.reset_on_close();
    }
    if (attempt.accepted.is_open()) attempt.accepted.reset_on_close();
    return fault;
  }

  [[nodiscard]] std::string fault_of_accept() const {
    const SocketAddress address = nobody_comes_.local_address();
    const weft::io::Descriptor client(::socket(address.native_family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(client.number(), address.native(), address.native_size()) != 0) return "a listener does not listen after an accept was cancelled";
    return take_waiting(nobody_comes_) ? "" : "a connection was lost to an accept that had ended";
  }

  /// Takes a connection from the queue of a listener, and drops it. False: there is none.
  static bool take_waiting(const TcpListener& listener) {
    if (!has_arrived(listener.native_handle())) return false;
    const weft::io::Descriptor taken(::accept4(listener.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    // Without goodbye, or its port would be taken for a minute.
    const linger none{1, 0};
    if (taken.is_open()) static_cast<void>(::setsockopt(taken.number(), SOL_SOCKET, SO_LINGER, &none, sizeof none));
    return taken.is_open();
  }

  void note(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
  }

  SeededRandom random_;
  ScopeLeaver scopes_{random_};
  const Places places_;
  std::vector<std::pair<UnixStream, UnixStream>> sockets_;
  std::vector<weft::io::Pipe> pipes_;
  TcpListener nobody_comes_ = TcpListener::listen(SocketAddress::loopback(0));
  std::uint64_t stamp_ = 0;
  Graveyard graveyard_;
  std::string fault_;
  int begun_ = 0;
  int cancelled_ = 0;
};

/// Whether the system answers nobody any more who comes to a listener.
bool is_full(const TcpListener& listener) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(listener.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) throw std::runtime_error("the listener does not say how full it is");
  // Of a listener the first says how many wait, the second how many may, but for one.
  return info.tcpi_unacked > info.tcpi_sacked;
}

/// Has the queue of a listener be full. Pre: it has room for one.
Task<> fill(const TcpListener& listener, TcpStream& kept) {
  kept = co_await TcpStream::connect(listener.local_address());
  while (!is_full(listener)) co_await weft::yield();
}

void storm_with(weft::IoBackend backend, unsigned workers, int operations) {
  constexpr std::uint64_t kStorms = 4;
  const std::string text = pattern(1 << 16);
  const TemporaryFolder folder;
  const std::string path = folder.write("file", text).string();
  const std::size_t descriptors = open_descriptors();
  std::string fault;
  int begun = 0;
  int cancelled = 0;
  std::vector<ScopeLeaver::Clock::duration> exits;
  {
    Watchdog watchdog("cancel storm", 60s);
    weft::Runtime rt{{.workers = workers, .io_backend = backend}};
    rt.run([&]() -> Task<> {
      File file = co_await File::open(path);
      const auto listener = TcpListener::listen(SocketAddress::loopback(0), {.backlog = 0});
      TcpStream kept;
      co_await fill(listener, kept);
      std::vector<std::unique_ptr<Storm>> storms;
      for (std::uint64_t i = 0; i < kStorms; ++i) {
        storms.push_back(std::make_unique<Storm>(workers * kStorms + i, Places{file, text, listener.local_address(), watchdog}));
      }
      weft::Counter all;
      for (const auto& storm : storms) weft::spawn(storm->run(operations / static_cast<int>(kStorms)), all);
      co_await all;
      for (const auto& storm : storms) {
        if (fault.empty()) fault = storm->fault();
        begun += storm->begun();
        cancelled += storm->cancelled();
        exits.insert(exits.end(), storm->exits().begin(), storm->exits().end());
      }
    });
  }
  CHECK(fault == "");
  CHECK(begun >= operations);
  CHECK(cancelled > operations / 4);
  CHECK(open_descriptors() == descriptors);
  if (options().is_long) report(backend, workers, std::move(exits));
}

}  // namespace

TEST_CASE("operations of all kinds, stopped at any moment, leave their buffers, their descriptors and what is sent later alone") {
  const int operations = options().is_long ? 100'000 : 5'000;
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    for (const unsigned workers : {1U, 3U}) storm_with(backend, workers, operations);
  }
}
