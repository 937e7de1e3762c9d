/// @file
/// A server of the sample's with a folder, for as long as a client's task runs.
#pragma once

#include <weft/io/event_fd.hpp>
#include <weft/weft.hpp>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "server.hpp"
#include "stress/http_server/mutation.hpp"
#include "support/temporary_folder.hpp"

namespace http_server_test {

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline std::span<std::byte> room_in(std::string& text) { return std::as_writable_bytes(std::span(text.data(), text.size())); }

/// Runs `client(address)`, a task. Beside the folder that is served lies a file with kSecret.
///
/// @return  how many connections the server had to break off
template <class Client>
std::size_t serve(weft::IoBackend backend, const http_server::Limits& limits, Client client) {
  const weft_test::TemporaryFolder outside;
  outside.write("secret.txt", kSecret);
  std::filesystem::create_directories(outside / "public/folder");
  outside.write("public/index.html", "<p>index");
  outside.write("public/a b.txt", "text");
  outside.write("public/large", std::string(500'000, 'x'));
  std::filesystem::create_symlink("../secret.txt", outside / "public/link");
  http_server::Options options;
  options.address = weft::io::SocketAddress::loopback(0);
  options.folder = (outside / "public").string();
  options.limits = limits;
  http_server::Server server(options);
  weft::Runtime rt{{.workers = 2, .io_backend = backend}};
  weft::io::EventFd stop;
  const auto told = [&]() -> weft::Task<> { static_cast<void>(co_await stop.wait()); };
  const auto ask = [&]() -> weft::Task<> {
    co_await client(server.address());
    stop.add();
  };
  return rt.run([&]() -> weft::Task<std::size_t> {
    auto [broken_off, nothing] = co_await weft::when_all(server.run(told()), ask());
    static_cast<void>(nothing);
    co_return broken_off;
  });
}

}  // namespace http_server_test
