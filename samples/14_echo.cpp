// Input and output: a server that sends back what it gets, and clients, in one program. Nobody's thread waits.
// The kernel is asked by io_uring where it can be, else by epoll.
#include <weft/weft.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using weft::Task;
using weft::io::SocketAddress;
using weft::io::TcpListener;
using weft::io::TcpStream;

Task<> echo(TcpStream stream) {
  std::vector<std::byte> buffer(4096);
  while (const std::size_t size = co_await stream.read(buffer)) {
    co_await stream.write_all(std::span(buffer).first(size));
  }
}

// Until it is asked to stop, which ends the accept, and every connection with it: they are the group's children.
Task<> serve(TcpListener& listener) {
  co_await weft::with_task_group([&](weft::TaskGroup& connections) -> Task<> {
    for (;;) connections.spawn(echo(co_await listener.accept()));
  });
}

Task<std::string> ask(SocketAddress server, std::string words) {
  TcpStream stream = co_await TcpStream::connect(server);
  co_await stream.write_all(std::as_bytes(std::span(words)));
  std::string answer(words.size(), '\0');
  co_await stream.read_exactly(std::as_writable_bytes(std::span(answer)));
  co_return answer;
}

int main() {
  weft::Runtime rt;
  std::printf("the kernel is asked by %s\n", rt.io_backend() == weft::IoBackend::Uring ? "io_uring" : "epoll");
  rt.run([]() -> Task<> {
    TcpListener listener = TcpListener::listen(SocketAddress::loopback(0));
    const SocketAddress server = listener.local_address();
    const auto conversation = [&]() -> Task<> {
      const auto [a, b] = co_await weft::when_all(ask(server, "once"), ask(server, "twice"));
      std::printf("%s, %s\n", a.c_str(), b.c_str());
    };
    // Whichever ends first ends the other.
    co_await weft::when_any(serve(listener), conversation());
  });
}
