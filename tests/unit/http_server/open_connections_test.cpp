#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "metrics.hpp"
#include "open_connections.hpp"
#include "unit/io/backends.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

using http_server::Metrics;
using http_server::OpenConnections;
using weft::Task;
using weft::io::TcpStream;

TEST_CASE("a request that has come before its connection is looked at is there also when the server stops in between") {
  for (const weft::IoBackend backend : working_backends()) {
    weft::Runtime rt{{.workers = 1, .io_backend = backend}};
    rt.run([]() -> Task<> {
      Metrics metrics;
      OpenConnections connections(metrics);
      auto listener = weft::io::TcpListener::listen(weft::io::SocketAddress::loopback(0));
      TcpStream client = co_await TcpStream::connect(listener.local_address());
      co_await client.write_all("GET");
      TcpStream stream = co_await listener.accept();
      CHECK_FALSE(OpenConnections(metrics).begin_drain());
      const OpenConnections::Entry entry(connections);
      CHECK(connections.begin_drain());
      connections.begin_idle(stream);
      std::string text(8, '\0');
      const std::size_t size = co_await stream.read(std::as_writable_bytes(std::span(text)));
      CHECK(text.substr(0, size) == "GET");
      const std::size_t rest = co_await stream.read(std::as_writable_bytes(std::span(text)));
      CHECK(rest == 0);
      connections.end_idle(stream);
    });
  }
}

TEST_CASE("a connection is counted from when it is accepted, wherever it goes, and the end of the last is told") {
  Metrics metrics;
  OpenConnections connections(metrics);
  {
    OpenConnections::Entry accepted(connections);
    const OpenConnections::Entry served(std::move(accepted));
    CHECK(connections.count() == 1);
    CHECK(metrics.text().find("http_connections_open 1\n") != std::string::npos);
    CHECK(connections.begin_drain());
  }
  CHECK(connections.count() == 0);
  CHECK(metrics.text().find("http_connections_open 0\n") != std::string::npos);
  const std::uint64_t told = weft::sync_wait([](weft::io::EventFd& gone) -> Task<std::uint64_t> { co_return co_await gone.wait(); }(connections.gone()));
  CHECK(told == 1);
}
