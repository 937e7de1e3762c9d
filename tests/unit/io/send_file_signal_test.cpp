// A peer that goes between two parts of one sendfile: the call gives what was sent, and raises SIGPIPE all the same. The moment is too short to be
// hit, so here the call is replaced.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/temporary_folder.hpp"
#include "unit/io/streams.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

using namespace weft_test;
using weft::Task;

namespace {

constinit std::atomic<int> calls_that_raise{0};
constinit std::atomic<int> signals{0};

/// While it lives, SIGPIPE is counted.
class PipeSignals {
 public:
  PipeSignals() {
    struct sigaction count{};
    count.sa_handler = [](int) { signals.fetch_add(1); };
    ::sigaction(SIGPIPE, &count, &before_);
  }
  PipeSignals(const PipeSignals&) = delete;
  PipeSignals& operator=(const PipeSignals&) = delete;
  ~PipeSignals() { ::sigaction(SIGPIPE, &before_, nullptr); }

 private:
  struct sigaction before_{};
};

}  // namespace

/// Replaces the system's in this program.
extern "C" [[gnu::visibility("default")]] ssize_t sendfile(int to, int from, off_t* offset, std::size_t size) noexcept {
  const bool raises = size > 1 && calls_that_raise.load() > 0;
  const long sent = ::syscall(SYS_sendfile, to, from, offset, raises ? size / 2 : size);
  if (raises && sent > 0) {
    calls_that_raise.fetch_sub(1);
    ::raise(SIGPIPE);
  }
  return sent;
}

TEST_CASE("a signal that sendfile raises although it has sent a part is nobody's, and what it has sent counts") {
  constexpr int kRaised = 3;
  const std::string text = pattern(100'000);
  const TemporaryFolder folder;
  const weft::io::Descriptor file(::open(folder.write("file", text).c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(file.is_open());
  const PipeSignals counted;
  with_each_setting([&]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    std::uint64_t sent = 0;
    const auto send = [&]() -> Task<> {
      sent = co_await pair.client.send_file(file.number(), 0, text.size());
      pair.client.close();
    };
    calls_that_raise.store(kRaised);
    const auto [got, nothing] = co_await weft::when_all(read_all(pair.server), send());
    static_cast<void>(nothing);
    CHECK(calls_that_raise.load() == 0);
    CHECK(sent == text.size());
    CHECK(got == text);
  });
  CHECK(signals.load() == 0);
}
