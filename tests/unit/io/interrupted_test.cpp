// Operations that a signal interrupts before they have done anything, or that the kernel gives up waiting for: whoever waits for one never hears of it.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "io/faults.hpp"
#include "unit/io/backends.hpp"
#include "unit/io/streams.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

using namespace weft_test;
using weft::Task;
using weft::detail::IoCode;
using weft::io::TcpListener;
using weft::io::TcpStream;

namespace {

/// One of three operations of a kind ends by an error: a connect may be one of two calls.
class Interrupts final : public weft::detail::IoFaults {
 public:
  explicit Interrupts(IoCode code, std::int32_t result = -EINTR) : code_(code), result_(result) { use(this); }
  ~Interrupts() override { use(nullptr); }
  std::optional<std::int32_t> ended(const weft::detail::IoRequest& request) override {
    if (request.code != code_ || asked_.fetch_add(1) % 3 != 0) return std::nullopt;
    return result_;
  }
  /// Operations of the kind, the first of which has ended so.
  [[nodiscard]] int asked() const { return asked_.load(); }

 private:
  const IoCode code_;
  const std::int32_t result_;
  std::atomic<int> asked_{0};
};

/// Runs a task of some operations of a kind.
template <class Work>
void with_interrupts(IoCode code, Work work, std::int32_t result = -EINTR) {
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    weft::Runtime rt{{.workers = 2, .io_backend = backend}};
    const Interrupts interrupts(code, result);
    rt.run(work(interrupts));
    CHECK(interrupts.asked() >= 1);
  }
}

Task<> connect_and_say(weft::io::SocketAddress address) {
  TcpStream stream = co_await TcpStream::connect(address);
  co_await stream.write_all("x");
}

/// A connect that was interrupted may leave a connection on which nobody says anything.
Task<> accept_and_hear(TcpListener& listener) {
  for (;;) {
    TcpStream stream = co_await listener.accept();
    const std::string text = co_await read_all(stream);
    if (text == "x") co_return;
    if (!text.empty()) throw std::runtime_error("something else was said");
  }
}

Task<> connect_some(const Interrupts& /*interrupts*/) {
  auto listener = TcpListener::listen(weft::io::SocketAddress::loopback(0));
  for (int i = 0; i < 5; ++i) co_await weft::when_all(connect_and_say(listener.local_address()), accept_and_hear(listener));
}

Task<> wait_for_one(weft::io::EventFd& events) {
  const std::uint64_t count = co_await events.wait();
  if (count != 1) throw std::runtime_error("another count");
}

Task<> add_when_asked(weft::io::EventFd& events, const Interrupts& interrupts) {
  while (interrupts.asked() == 0) co_await weft::yield();
  events.add();
}

Task<> count_some(const Interrupts& interrupts) {
  weft::io::EventFd events;
  co_await weft::when_all(wait_for_one(events), add_when_asked(events, interrupts));
}

Task<> run_one(const Interrupts& /*interrupts*/) {
  auto child = weft::io::Process::spawn({"/bin/true"});
  const auto status = co_await child.wait();
  if (!status.is_success()) throw std::runtime_error("it has failed");
}

Task<> wait_for_word(std::atomic<std::uint32_t>& word) {
  while (word.load() == 0) co_await weft::io::futex_wait(word, 0);
}

Task<> wake(std::atomic<std::uint32_t>& word, const Interrupts& interrupts) {
  while (interrupts.asked() == 0) co_await weft::yield();
  word = 1;
  weft::io::futex_wake(word, 1);
}

Task<> wait_for_words(const Interrupts& interrupts) {
  for (int i = 0; i < 5; ++i) {
    std::atomic<std::uint32_t> word{0};
    co_await weft::when_all(wait_for_word(word), wake(word, interrupts));
  }
}

}  // namespace

TEST_CASE("a connect that a signal interrupts is begun again") { with_interrupts(IoCode::Connect, connect_some); }
TEST_CASE("an accept that a signal interrupts is begun again") { with_interrupts(IoCode::Accept, connect_some); }
TEST_CASE("an accept that the kernel gives up waiting for is begun again") { with_interrupts(IoCode::Accept, connect_some, -EAGAIN); }
TEST_CASE("a wait for events that a signal interrupts is begun again") { with_interrupts(IoCode::Poll, count_some); }
TEST_CASE("a wait for a process that a signal interrupts is begun again") { with_interrupts(IoCode::Poll, run_one); }

TEST_CASE("who waits on a word looks at it again when a signal has interrupted that") { with_interrupts(IoCode::FutexWait, wait_for_words); }
