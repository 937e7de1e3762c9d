// Operations that cancel_storm_stress.cpp does not have, each alone, in a timeout, and in a when_any.
#include <catch2/catch.hpp>
#include <weft/io/futex.hpp>
#include <weft/io/received_bytes.hpp>
#include <weft/io/udp.hpp>
#include <weft/io/unix_socket.hpp>
#include <weft/weft.hpp>

#include "stress/io/buffers.hpp"
#include "stress/io/storm.hpp"
#include "support/open_descriptors.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"
#include "support/thread_here.hpp"
#include "unit/io/streams.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace weft_test;
using namespace std::chrono_literals;
using weft::Task;
using weft::TaskGroup;
using weft::io::Datagram;
using weft::io::ReceivedBytes;
using weft::io::UdpSocket;
using weft::io::UnixStream;

namespace {

enum class Waits : std::uint8_t { ForBytes, ForDatagram, ForWord, ToSend };

/// What is around an operation.
enum class Around : std::uint8_t {
  Nothing,
  Timeout,  // some microseconds
  Sleep,    // as many, in a when_any, which drops what comes at the same moment
  Other,    // the next operation, in a when_any
};

/// One operation, and what has become of it.
struct Part {
  Waits waits = Waits::ForBytes;
  Around around = Around::Nothing;
  std::size_t slot = 0;
  std::chrono::microseconds span{};
  bool is_fed = false;  // somebody sends while it waits
  bool has_begun = false;
  bool has_ended = false;
  bool has_result = false;
  ReceivedBytes received;
  Datagram datagram;
  UdpSocket to;  // of its own: nothing that is late comes to anybody else
  std::unique_ptr<std::atomic<std::uint32_t>> word = std::make_unique<std::atomic<std::uint32_t>>(0);
  std::unique_ptr<Buffer> buffer = std::make_unique<Buffer>();
};

using Stamp = std::uint64_t;

std::span<const std::byte> bytes_of(const Stamp& stamp) { return std::as_bytes(std::span(&stamp, 1)); }

bool is_stamp(std::span<const std::byte> bytes, const Stamp& stamp) {
  return bytes.size() == sizeof stamp && std::equal(bytes.begin(), bytes.end(), bytes_of(stamp).begin());
}

/// The next of a socket. Nothing: there is none.
std::optional<Stamp> take_next(int socket) {
  Stamp got = 0;
  if (::recv(socket, &got, sizeof got, MSG_DONTWAIT) != sizeof got) return std::nullopt;
  return got;
}

/// The next of a socket that has come or is on its way.
std::optional<Stamp> take_sent(int socket) { return has_arrived(socket) ? take_next(socket) : std::nullopt; }

/// Rounds of some operations each, as those of Storm.
class ComposedStorm {
 public:
  static constexpr std::size_t kMost = 12;  // operations of a round

  ComposedStorm(std::uint64_t stream, Watchdog& watchdog) : random_(stream), watchdog_(watchdog) {
    for (std::size_t i = 0; i < kMost; ++i) {
      streams_.push_back(weft::io::stream_pair());
      datagrams_.push_back(UdpSocket::bind(weft::io::SocketAddress::loopback(0)));
    }
  }

  /// Begins so many operations, and some more; stops before when something is wrong.
  Task<> run(int operations) {
    while (begun_ < operations && fault_.empty()) {
      co_await round();
      watchdog_.progress();
    }
    if (!graveyard_.is_quiet()) note("a buffer was written to after its operation had ended");
    while (!kept_.empty()) drop_one();
  }

  /// What was wrong; empty: nothing.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
  /// From each request to stop until its scope had ended.
  [[nodiscard]] const std::vector<ScopeLeaver::Clock::duration>& exits() const noexcept { return scopes_.times(); }
  [[nodiscard]] int begun() const noexcept { return begun_; }
  /// Of those that have begun, how many have given something.
  [[nodiscard]] int results() const noexcept { return results_; }

 private:
  /// Bytes that are kept for some rounds: nobody may write there meanwhile.
  struct Kept {
    ReceivedBytes received;
    Stamp stamp = 0;
  };

  Task<> round() {
    ++stamp_;
    std::vector<Part> parts(1 + random_.below(kMost));
    for (std::size_t i = 0; i < parts.size(); ++i) draw(parts, i);
    co_await scopes_.run([this, &parts](TaskGroup& group) { begin(group, parts); });
    for (Part& part : parts) {
      if (part.has_begun) note(fault_of(part));
      if (!graveyard_.bury(std::move(part.buffer))) note("a buffer was written to after its operation had ended");
    }
    while (kept_.size() > kMost) drop_one();
  }

  void draw(std::vector<Part>& parts, std::size_t slot) {
    constexpr std::size_t kWords = 4;  // without io_uring each of them has a thread, of which a runtime has 64
    Part& part = parts[slot];
    part.waits = static_cast<Waits>(random_.below(4));
    if (part.waits == Waits::ForWord && slot >= kWords) part.waits = Waits::ForBytes;
    part.around = static_cast<Around>(random_.below(4));
    const bool may_have_other = slot + 1 < parts.size() && !is_taken_along(parts, slot);
    if (part.around == Around::Other && !may_have_other) part.around = Around::Nothing;
    part.slot = slot;
    part.span = std::chrono::microseconds(random_.below(200));
    part.is_fed = part.waits != Waits::ToSend && random_.one_in(2);
    if (part.waits != Waits::ToSend) return;
    part.to = UdpSocket::bind(weft::io::SocketAddress::loopback(0));
    std::copy_n(bytes_of(stamp_).begin(), sizeof stamp_, part.buffer->room().begin());
  }

  void begin(TaskGroup& group, std::vector<Part>& parts) {
    begun_ += static_cast<int>(parts.size());
    for (Part& part : parts) part.has_begun = true;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].around == Around::Other) {
        group.spawn(either(parts[i], parts[i + 1]));
      } else if (!is_taken_along(parts, i)) {
        group.spawn(perform(parts[i]));
      }
      if (parts[i].is_fed) group.spawn([this, &part = parts[i]] { feed(part); });
    }
  }

  /// Whether the operation before has it beside itself.
  static bool is_taken_along(const std::vector<Part>& parts, std::size_t i) { return i > 0 && parts[i - 1].around == Around::Other; }

  Task<> either(Part& one, Part& other) { co_await weft::when_any(perform(one), perform(other)); }

  Task<> perform(Part& part) {
    try {
      switch (part.waits) {
        case Waits::ForBytes: co_await receive_bytes(part); break;
        case Waits::ForDatagram: co_await receive_datagram(part); break;
        case Waits::ForWord: co_await wait_for_word(part); break;
        case Waits::ToSend: co_await send_datagram(part); break;
      }
    } catch (const weft::OperationCancelled&) {
      // The scope's end, or the other one was first.
    } catch (const weft::TimeoutError&) {
      // As long as it was given.
    }
    part.has_ended = true;
  }

  Task<> receive_bytes(Part& part) {
    UnixStream& stream = streams_[part.slot].first;
    if (part.around == Around::Timeout) {
      part.received = co_await weft::timeout(stream.receive(), part.span);
      part.has_result = true;
    } else if (part.around == Around::Sleep) {
      auto first = co_await weft::when_any(stream.receive(), weft::sleep_for(part.span));
      part.has_result = first.index() == 0;
      if (part.has_result) part.received = std::move(std::get<0>(first));
    } else {
      part.received = co_await stream.receive();
      part.has_result = true;
    }
  }

  Task<> receive_datagram(Part& part) {
    UdpSocket& socket = datagrams_[part.slot];
    const std::span<std::byte> room = part.buffer->room();
    if (part.around == Around::Timeout) {
      part.datagram = co_await weft::timeout(socket.receive_from(room), part.span);
      part.has_result = true;
    } else if (part.around == Around::Sleep) {
      const auto first = co_await weft::when_any(socket.receive_from(room), weft::sleep_for(part.span));
      part.has_result = first.index() == 0;
      if (part.has_result) part.datagram = std::get<0>(first);
    } else {
      part.datagram = co_await socket.receive_from(room);
      part.has_result = true;
    }
  }

  static Task<> wait_while_zero(const std::atomic<std::uint32_t>& word) {
    while (word.load(std::memory_order_acquire) == 0) co_await weft::io::futex_wait(word, 0);
  }

  static Task<> wait_for_word(Part& part) {
    if (part.around == Around::Timeout) {
      co_await weft::timeout(wait_while_zero(*part.word), part.span);
      part.has_result = true;
    } else if (part.around == Around::Sleep) {
      const auto first = co_await weft::when_any(wait_while_zero(*part.word), weft::sleep_for(part.span));
      part.has_result = first.index() == 0;
    } else {
      co_await wait_while_zero(*part.word);
      part.has_result = true;
    }
  }

  Task<> send_datagram(Part& part) {
    const std::span<const std::byte> text = part.buffer->room().first(sizeof stamp_);
    const weft::io::SocketAddress to = part.to.local_address();
    if (part.around == Around::Timeout) {
      co_await weft::timeout(sender_.send_to(text, to), part.span);
      part.has_result = true;
    } else if (part.around == Around::Sleep) {
      const auto first = co_await weft::when_any(sender_.send_to(text, to), weft::sleep_for(part.span));
      part.has_result = first.index() == 0;
    } else {
      co_await sender_.send_to(text, to);
      part.has_result = true;
    }
  }

  void feed(const Part& part) const {
    if (part.waits == Waits::ForBytes) {
      static_cast<void>(::send(streams_[part.slot].second.native_handle(), &stamp_, sizeof stamp_, MSG_DONTWAIT));
    } else if (part.waits == Waits::ForDatagram) {
      send_from_feeder(datagrams_[part.slot], stamp_);
    } else {
      part.word->store(1, std::memory_order_release);
      weft::io::futex_wake(*part.word);
    }
  }

  void send_from_feeder(const UdpSocket& to, Stamp stamp) const {
    const weft::io::SocketAddress address = to.local_address();
    static_cast<void>(::sendto(feeder_.native_handle(), &stamp, sizeof stamp, MSG_DONTWAIT, address.native(), address.native_size()));
  }

  [[nodiscard]] std::string fault_of(Part& part) {
    if (!part.has_ended) return "a scope has ended before an operation in it";
    results_ += part.has_result ? 1 : 0;
    if (part.has_result && !part.is_fed && part.waits != Waits::ToSend) return "what waits for ever has ended without a stop";
    switch (part.waits) {
      case Waits::ForBytes: return fault_of_bytes(part);
      case Waits::ForDatagram: return fault_of_datagram(part);
      case Waits::ForWord: return weft::io::futex_wake(*part.word, 100) == 0 ? "" : "a wait for a word that has ended waits still";
      default: return fault_of_sending(part);
    }
  }

  [[nodiscard]] std::string fault_of_bytes(Part& part) {
    if (part.has_result) {
      if (!is_stamp(part.received.bytes(), stamp_)) return "something else was received than was sent";
      if (random_.one_in(2)) kept_.push_back({std::move(part.received), stamp_});
      return "";
    }
    if (!part.received.empty()) return "a receive that was stopped has received something";
    // If the kernel had the operation still, it would take this.
    if (!part.is_fed) feed(part);
    const std::optional<Stamp> got = take_next(streams_[part.slot].first.native_handle());
    if (!got) return part.is_fed && part.around == Around::Sleep ? "" : "what was sent was taken by a receive that had ended";
    return got == stamp_ ? "" : "something else has come than was sent";
  }

  [[nodiscard]] std::string fault_of_datagram(const Part& part) {
    if (part.has_result) {
      if (part.datagram.from != feeder_.local_address() || part.datagram.is_truncated) return "a datagram came from somewhere else";
      return part.datagram.size == sizeof stamp_ && part.buffer->holds(bytes_of(stamp_)) ? "" : "another datagram was received than was sent";
    }
    // It came at the moment in which the sleep ended, and nobody was told.
    if (part.is_fed && part.around == Around::Sleep && part.buffer->holds(bytes_of(stamp_))) return "";
    if (!part.is_fed) feed(part);
    if (take_sent(datagrams_[part.slot].native_handle()) != stamp_) return "a datagram was taken by a receive that had ended";
    return part.buffer->holds({}) ? "" : "a receive that was stopped has received a datagram";
  }

  [[nodiscard]] std::string fault_of_sending(const Part& part) const {
    const int to = part.to.native_handle();
    if (part.has_result) return take_sent(to) == stamp_ ? "" : "what was sent has not come";
    send_from_feeder(part.to, ~stamp_);
    std::optional<Stamp> got = take_sent(to);
    // It was sent at the moment in which the sleep ended, and nobody was told.
    if (got == stamp_ && part.around == Around::Sleep) got = take_sent(to);
    return got == ~stamp_ ? "" : "what was stopped was sent all the same";
  }

  void drop_one() {
    if (!is_stamp(kept_.front().received.bytes(), kept_.front().stamp)) note("bytes that were kept have changed");
    kept_.pop_front();
  }

  void note(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
  }

  SeededRandom random_;
  ScopeLeaver scopes_{random_};
  Watchdog& watchdog_;
  std::vector<std::pair<UnixStream, UnixStream>> streams_;
  std::vector<UdpSocket> datagrams_;
  UdpSocket sender_ = UdpSocket::bind(weft::io::SocketAddress::loopback(0));
  UdpSocket feeder_ = UdpSocket::bind(weft::io::SocketAddress::loopback(0));
  Stamp stamp_ = 0;
  std::deque<Kept> kept_;
  Graveyard graveyard_;
  std::string fault_;
  int begun_ = 0;
  int results_ = 0;
};

/// What is wrong with the buffers that the kernel chooses from when all have been given back; empty: nothing.
///
/// The kernel takes those of a worker in turn, so when one comes again all of that worker have been seen. It ends when that has been so with each worker;
/// or after some thousand receives, as a worker may never get the task, or take only a few turns of it.
Task<std::string> fault_of_buffers(unsigned workers) {
  constexpr std::size_t kOfOneWorker = 64;
  constexpr Stamp kAtMost = 5'000;
  struct Seen {
    std::set<const std::byte*> buffers;
    bool is_all = false;
  };
  auto [here, there] = weft::io::stream_pair();
  std::map<long, Seen> seen;
  unsigned through = 0;
  for (Stamp i = 0; i < kAtMost && through < workers; ++i) {
    co_await there.write_all(bytes_of(i));
    Seen& by_this_worker = seen[thread_here()];  // whose ring the receive is handed to
    const ReceivedBytes received = co_await here.receive();
    if (!is_stamp(received.bytes(), i)) co_return "something else was received than was sent, after the storm";
    if (by_this_worker.is_all || by_this_worker.buffers.insert(received.bytes().data()).second) continue;
    by_this_worker.is_all = true;
    ++through;
    const std::size_t count = by_this_worker.buffers.size();
    if (count != kOfOneWorker) co_return "of the buffers that the kernel chooses from a worker has " + std::to_string(count);
  }
  co_return through > 0 ? "" : "the buffers that the kernel chooses from have not come back";
}

/// Whether receives that choose no buffer go on.
Task<std::string> fault_of_receives() {
  auto [here, there] = weft::io::stream_pair();
  for (Stamp i = 0; i < 200; ++i) {
    co_await there.write_all(bytes_of(i));
    const ReceivedBytes received = co_await here.receive();
    if (!is_stamp(received.bytes(), i)) co_return "something else was received than was sent, after the storm";
  }
  co_return "";
}

void composed_storm_with(weft::IoBackend backend, unsigned workers, int operations) {
  constexpr std::uint64_t kStorms = 4;
  const std::size_t descriptors = open_descriptors();
  std::string fault;
  int begun = 0;
  int results = 0;
  std::vector<ScopeLeaver::Clock::duration> exits;
  {
    Watchdog watchdog("composed storm", 60s);
    weft::Runtime rt{{.workers = workers, .io_backend = backend}};
    rt.run([&]() -> Task<> {
      std::vector<std::unique_ptr<ComposedStorm>> storms;
      for (std::uint64_t i = 0; i < kStorms; ++i) storms.push_back(std::make_unique<ComposedStorm>(1000 + workers * kStorms + i, watchdog));
      weft::Counter all;
      for (const auto& storm : storms) weft::spawn(storm->run(operations / static_cast<int>(kStorms)), all);
      co_await all;
      for (const auto& storm : storms) {
        if (fault.empty()) fault = storm->fault();
        begun += storm->begun();
        results += storm->results();
        exits.insert(exits.end(), storm->exits().begin(), storm->exits().end());
      }
      if (!fault.empty()) co_return;
      if (backend == weft::IoBackend::Uring) {
        fault = co_await fault_of_buffers(workers);
      } else {
        fault = co_await fault_of_receives();
      }
    });
  }
  CHECK(fault == "");
  CHECK(begun >= operations);
  CHECK(results > operations / 10);
  CHECK(begun - results > operations / 10);
  CHECK(open_descriptors() == descriptors);
  if (options().is_long) report(backend, workers, std::move(exits));
}

}  // namespace

TEST_CASE("receives without a buffer, datagrams and words, alone, in a timeout or racing, lose nothing when they are stopped at any moment") {
  const int operations = options().is_long ? 100'000 : 5'000;
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    for (const unsigned workers : {1U, 3U}) composed_storm_with(backend, workers, operations);
  }
}
