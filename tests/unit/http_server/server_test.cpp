#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <cstddef>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server.hpp"
#include "support/process_memory.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/backends.hpp"

using namespace std::chrono_literals;
using namespace http_server;
using weft::Task;
using weft::io::BufferedReader;
using weft::io::TcpStream;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

struct Reply {
  int status = 0;
  std::string head;
  std::string body;
};

/// A client that knows as much of HTTP as the tests need.
class Client {
 public:
  explicit Client(TcpStream stream) : stream_(std::move(stream)), reader_(stream_) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Task<> send(std::string text) { co_await stream_.write_all(bytes_of(text)); }
  /// Nothing: the server has closed the connection.
  Task<std::optional<Reply>> reply(bool has_body = true) {
    const auto head = co_await reader_.read_until("\r\n\r\n", 65536);
    if (!head) co_return std::nullopt;
    Reply reply;
    reply.head = *head;
    reply.status = std::stoi(reply.head.substr(9, 3));
    const std::size_t length = reply.head.find("Content-Length: ");
    if (has_body && length != std::string::npos) reply.body.resize(std::stoul(reply.head.substr(length + 16)));
    co_await reader_.read_exactly(std::as_writable_bytes(std::span(reply.body)));
    co_return reply;
  }
  Task<Reply> ask(std::string text) {
    co_await send(std::move(text));
    const auto reply = co_await this->reply();
    co_return reply.value_or(Reply{});
  }
  [[nodiscard]] TcpStream& stream() { return stream_; }

 private:
  TcpStream stream_;
  BufferedReader<TcpStream> reader_;
};

std::string get(const std::string& path, const std::string& headers = "") { return "GET " + path + " HTTP/1.1\r\nHost: here\r\n" + headers + "\r\n"; }
std::string post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: here\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// Runs a server, and a client's task; when that has ended the server is told to stop.
template <class F>
std::size_t with_server_on(weft::IoBackend backend, const Limits& limits, F body) {
  const weft_test::TemporaryFolder folder;
  folder.write("index.html", "<p>index");
  folder.write("a b.txt", "text");
  folder.write("large", std::string(500'000, 'x'));
  std::filesystem::create_symlink("/etc/passwd", folder / "link");
  Options options;
  options.address = weft::io::SocketAddress::loopback(0);
  options.folder = folder.write("x", "").parent_path().string();
  options.limits = limits;
  Server server(options);
  weft::Runtime rt{{.workers = 2, .io_backend = backend}};
  weft::io::EventFd stop;
  auto told = [&]() -> Task<> { static_cast<void>(co_await stop.wait()); };
  auto client = [&]() -> Task<> {
    co_await body(server.address(), stop);
    stop.add();
  };
  return rt.run([&]() -> Task<std::size_t> {
    auto [broken_off, nothing] = co_await weft::when_all(server.run(told()), client());
    static_cast<void>(nothing);
    co_return broken_off;
  });
}

/// The same with each backend, one after another. Gives how many connections were broken off with each.
template <class F>
std::vector<std::size_t> with_server(const Limits& limits, F body) {
  std::vector<std::size_t> broken_off;
  for (const weft::IoBackend backend : working_backends()) {
    INFO(name_of(backend));
    broken_off.push_back(with_server_on(backend, limits, body));
  }
  return broken_off;
}

std::vector<std::size_t> with_each(std::size_t broken_off) { return std::vector<std::size_t>(working_backends().size(), broken_off); }

using Address = weft::io::SocketAddress;
using Stop = weft::io::EventFd;

}  // namespace

TEST_CASE("files are served, those in the folder and no others") {
  with_server({}, [](Address address, Stop&) -> Task<> {
    Client client(co_await TcpStream::connect(address));
    const Reply index = co_await client.ask(get("/"));
    CHECK(index.status == 200);
    CHECK(index.body == "<p>index");
    CHECK(index.head.find("Content-Type: text/html") != std::string::npos);
    const Reply text = co_await client.ask(get("/a%20b.txt"));
    CHECK(text.body == "text");
    const Reply large = co_await client.ask(get("/large"));
    CHECK(large.body == std::string(500'000, 'x'));
    for (const char* path : {"/none", "/link", "//etc/passwd", "/a", "/x/y"}) {
      CAPTURE(path);
      const Reply none = co_await client.ask(get(path));
      CHECK(none.status == 404);
    }
    const Reply outside = co_await client.ask(get("/../etc/passwd"));
    CHECK(outside.status == 400);
  });
}

TEST_CASE("HEAD gives the head of an answer alone, and other methods are refused with those that there are") {
  with_server({}, [](Address address, Stop&) -> Task<> {
    Client client(co_await TcpStream::connect(address));
    co_await client.send("HEAD /a%20b.txt HTTP/1.1\r\nHost: here\r\n\r\n");
    const auto head = co_await client.reply(false);
    CHECK(head->head.find("Content-Length: 4\r\n") != std::string::npos);
    const Reply refused = co_await client.ask(post("/a%20b.txt", "x"));
    CHECK(refused.status == 405);
    CHECK(refused.head.find("Allow: GET, HEAD\r\n") != std::string::npos);
  });
}

TEST_CASE("words are counted, of a body in one piece and in chunks") {
  with_server({}, [](Address address, Stop&) -> Task<> {
    Client client(co_await TcpStream::connect(address));
    const Reply whole = co_await client.ask(post("/api/count", "one two\nthree\n"));
    CHECK(whole.body == "{\"bytes\":14,\"lines\":2,\"words\":3}\n");
    const Reply chunked = co_await client.ask(
        "POST /api/count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n5;x=y\r\n two\n\r\n0\r\nTrailer: x\r\n\r\n");
    CHECK(chunked.body == "{\"bytes\":8,\"lines\":1,\"words\":2}\n");
    co_await client.send("POST /api/count HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    const auto go_on = co_await client.reply(false);
    CHECK(go_on->status == 100);
    const Reply answer = co_await client.ask("one");
    CHECK(answer.body == "{\"bytes\":3,\"lines\":0,\"words\":1}\n");
  });
}

TEST_CASE("requests that come all at once are answered in their order") {
  with_server({}, [](Address address, Stop&) -> Task<> {
    Client client(co_await TcpStream::connect(address));
    std::string all;
    for (int i = 0; i < 50; ++i) all += post("/api/count", std::string(static_cast<std::size_t>(i), 'x')) + get("/a%20b.txt");
    co_await client.send(all + get("/", "Connection: close\r\n"));
    int right = 0;
    for (int i = 0; i < 50; ++i) {
      const auto count = co_await client.reply();
      const auto text = co_await client.reply();
      right += count && count->body.find("\"bytes\":" + std::to_string(i) + ",") != std::string::npos && text && text->body == "text" ? 1 : 0;
    }
    CHECK(right == 50);
    const auto last = co_await client.reply();
    CHECK(last->head.find("Connection: close\r\n") != std::string::npos);
    const auto end = co_await client.reply();
    CHECK_FALSE(end.has_value());
  });
}

TEST_CASE("what is too large is refused with a status, and the connection is closed") {
  with_server({.head = 200, .body = 100}, [](Address address, Stop&) -> Task<> {
    struct Wrong {
      std::string text;
      int status;
    };
    const std::vector<Wrong> all{{get("/", "X: " + std::string(300, 'x') + "\r\n"), 431},
                                 {post("/api/count", std::string(101, 'x')), 413},
                                 {"POST /api/count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", 413},
                                 {"POST /api/count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz", 400},
                                 {"nonsense\r\n\r\n", 400}};
    for (const Wrong& wrong : all) {
      CAPTURE(wrong.text);
      Client client(co_await TcpStream::connect(address));
      const Reply reply = co_await client.ask(wrong.text);
      CHECK(reply.status == wrong.status);
      const auto end = co_await client.reply();
      CHECK_FALSE(end.has_value());
    }
    Client client(co_await TcpStream::connect(address));
    const Reply fits = co_await client.ask(post("/api/count", std::string(100, 'x')));
    CHECK(fits.status == 200);
  });
}

TEST_CASE("a client that does not get on with its request is told so, and one that is idle is closed") {
  with_server({.idle = 5ms}, [](Address address, Stop&) -> Task<> {
    Client idle(co_await TcpStream::connect(address));
    const auto end = co_await idle.reply();
    CHECK_FALSE(end.has_value());
  });
  with_server({.request = 5ms}, [](Address address, Stop&) -> Task<> {
    Client slow(co_await TcpStream::connect(address));
    const Reply reply = co_await slow.ask("GET / HT");
    CHECK(reply.status == 408);
  });
}

TEST_CASE("a client that takes no answer does not keep the server") {
  const std::vector<std::size_t> broken_off = with_server({.answer = 5ms}, [](Address address, Stop&) -> Task<> {
    Client client(co_await TcpStream::connect(address));
    client.stream().set_receive_buffer(4096);
    std::string all;
    for (int i = 0; i < 40; ++i) all += get("/large");
    co_await client.send(all);
    // The figures say when it was given up.
    bool is_given_up = false;
    while (!is_given_up) {
      Client other(co_await TcpStream::connect(address));
      const Reply metrics = co_await other.ask(get("/metrics"));
      is_given_up = !metrics.body.empty() && metrics.body.find("http_timeouts_total 0\n") == std::string::npos;
    }
  });
  CHECK(broken_off == with_each(0));
}

TEST_CASE("a client that goes on receiving is given a file, however long that takes") {
  constexpr std::size_t kMegabyte = std::size_t{1} << 20;
  constexpr std::size_t kSize = 24 * kMegabyte;
  const weft_test::TemporaryFolder folder;
  std::filesystem::resize_file(folder.write("zeros", "x"), kSize);
  Options options;
  options.address = weft::io::SocketAddress::loopback(0);
  options.folder = (folder / "zeros").parent_path().string();
  options.limits.answer = 4s;
  for (const weft::IoBackend backend : working_backends()) {
    INFO(name_of(backend));
    weft::ManualClock clock;
    Server server(options);
    weft::Runtime rt{{.io_backend = backend, .is_stepped = true, .clock = &clock}};
    weft::io::EventFd stop;
    std::size_t got = 0;
    auto told = [&]() -> Task<> { static_cast<void>(co_await stop.wait()); };
    // Has the clock move by no more, where the kernel takes its time.
    auto tick = [&]() -> Task<> {
      while (got < kSize) co_await weft::sleep_for(500ms);
    };
    auto client = [&]() -> Task<> {
      TcpStream stream = co_await TcpStream::connect(server.address());
      stream.set_receive_buffer(kMegabyte);
      co_await stream.write_all(bytes_of(get("/zeros", "Connection: close\r\n")));
      BufferedReader<TcpStream> reader(stream);
      static_cast<void>(co_await reader.read_until("\r\n\r\n", 65536));
      std::vector<std::byte> megabyte(kMegabyte);
      while (got < kSize) {
        co_await reader.read_exactly(megabyte);
        got += kMegabyte;
        co_await weft::sleep_for(1s);
      }
      stop.add();
    };
    rt.run([&]() -> Task<> { co_await weft::when_all(server.run(told()), client(), tick()); });
    CHECK(got == kSize);
  }
}

TEST_CASE("a length that is only said takes no memory") {
  constexpr std::size_t kSaid = std::size_t{64} << 20;
  constexpr int kClients = 16;
  const double before = weft_test::resident_bytes();
  with_server_on(working_backends().front(), {.body = kSaid}, [&](Address address, Stop&) -> Task<> {
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.push_back(std::make_unique<Client>(co_await TcpStream::connect(address)));
      co_await clients.back()->send("POST /api/count HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " + std::to_string(kSaid) +
                                    "\r\n\r\n");
      const auto go_on = co_await clients.back()->reply(false);
      CHECK(go_on->status == 100);
    }
    // Whoever is told to go on waits for the body now, or will at once.
    Client other(co_await TcpStream::connect(address));
    const Reply index = co_await other.ask(get("/"));
    CHECK(index.status == 200);
    CHECK(weft_test::resident_bytes() - before < 2.0 * kSaid);
    for (const auto& client : clients) client->stream().close();
  });
}

TEST_CASE("a server that stops closes those that are idle, and answers what has begun") {
  const std::vector<std::size_t> broken_off = with_server({.drain = 60s}, [](Address address, Stop& stop) -> Task<> {
    Client idle(co_await TcpStream::connect(address));
    const Reply first = co_await idle.ask(get("/"));
    CHECK(first.status == 200);
    Client busy(co_await TcpStream::connect(address));
    co_await busy.send("POST /api/count HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    const auto begun = co_await busy.reply(false);
    CHECK(begun->status == 100);
    stop.add();
    const auto end = co_await idle.reply();
    CHECK_FALSE(end.has_value());
    const Reply answer = co_await busy.ask("one");
    CHECK(answer.status == 200);
    CHECK(answer.head.find("Connection: close\r\n") != std::string::npos);
    const auto refused = co_await TcpStream::connect(address).or_error();
    CHECK(refused.error() == std::errc::connection_refused);
  });
  CHECK(broken_off == with_each(0));
}

TEST_CASE("a server that stops breaks off what takes too long") {
  std::optional<Client> busy;
  const std::vector<std::size_t> broken_off = with_server({.drain = 2ms}, [&](Address address, Stop& stop) -> Task<> {
    busy.emplace(co_await TcpStream::connect(address));
    co_await busy->send("POST /api/count HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    const auto begun = co_await busy->reply(false);
    CHECK(begun->status == 100);
    stop.add();
  });
  CHECK(broken_off == with_each(1));
}

TEST_CASE("connections beyond the limit are told so") {
  with_server({.connections = 1}, [](Address address, Stop&) -> Task<> {
    Client first(co_await TcpStream::connect(address));
    const Reply good = co_await first.ask(get("/"));
    CHECK(good.status == 200);
    for (int i = 0; i < 10; ++i) {
      Client other(co_await TcpStream::connect(address));
      // What it has sent nobody takes, and it sees the end of the connection all the same, and no reset.
      const Reply refused = co_await other.ask(get("/"));
      CHECK(refused.status == 503);
      const auto end = co_await other.reply();
      CHECK_FALSE(end.has_value());
    }
    const Reply again = co_await first.ask(get("/metrics"));
    CHECK(again.body.find("http_connections_refused_total 10\n") != std::string::npos);
    CHECK(again.body.find("http_answers_total{class=\"5xx\"} 10\n") != std::string::npos);
    CHECK(again.body.find("http_connections_open 1\n") != std::string::npos);
  });
}

TEST_CASE("a body in chunks ends as HTTP says, or is refused: not where the client stops, and not where a proxy would see something else") {
  with_server({}, [](Address address, Stop&) -> Task<> {
    const std::string head = "POST /api/count HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n";
    {
      Client client(co_await TcpStream::connect(address));
      const auto reply = co_await client.ask(head + "3\r\nabc\r\n0\r\n\r\n");
      CHECK(reply.status == 200);
    }
    {
      Client client(co_await TcpStream::connect(address));
      co_await client.send(head + "3\r\nabc\r\n");
      client.stream().shutdown_write();
      const auto reply = co_await client.reply();
      CHECK((!reply || reply->status == 400));
    }
    {
      Client client(co_await TcpStream::connect(address));
      const auto reply = co_await client.ask(head + "2;\nxx\r\n0\r\n\r\n" + get("/metrics"));
      CHECK(reply.status == 400);
    }
    {
      Client client(co_await TcpStream::connect(address));
      const auto reply = co_await client.ask(head + "0\r\nX: y\n\n" + get("/metrics") + "\r\n\r\n");
      CHECK(reply.status == 400);
    }
  });
}
