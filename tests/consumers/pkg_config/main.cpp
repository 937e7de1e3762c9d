// A program outside the weft tree that uses the library.
#include <weft/weft.hpp>

#include <array>
#include <cstddef>

namespace {

using weft::io::TcpListener;
using weft::io::TcpStream;

weft::Task<int> half() { co_return 21; }

weft::Task<int> answer() {
  auto [a, b] = co_await weft::when_all(half(), half());
  co_return a + b;
}

weft::Task<> send_answer(TcpListener& listener) {
  TcpStream stream = co_await listener.accept();
  const std::array<std::byte, 1> bytes = {std::byte(co_await answer())};
  co_await stream.write_all(bytes);
}

weft::Task<int> ask(weft::io::SocketAddress server) {
  TcpStream stream = co_await TcpStream::connect(server);
  std::array<std::byte, 1> bytes;
  co_await stream.read_exactly(bytes);
  co_return int(bytes[0]);
}

weft::Task<int> ask_oneself() {
  TcpListener listener = TcpListener::listen(weft::io::SocketAddress::loopback(0));
  auto [sent, got] = co_await weft::when_all(send_answer(listener), ask(listener.local_address()));
  co_return got;
}

}  // namespace

int main() {
  weft::Runtime rt;
  return rt.run(ask_oneself()) == 42 ? 0 : 1;
}
