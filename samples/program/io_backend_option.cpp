#include "io_backend_option.hpp"

#include <CLI/CLI.hpp>

namespace program {
namespace {

weft::IoBackend parse_backend(const std::string& text) {
  if (text == "auto") return weft::IoBackend::Auto;
  if (text == "uring") return weft::IoBackend::Uring;
  if (text == "epoll") return weft::IoBackend::Epoll;
  throw CLI::ValidationError("--io-backend", "'" + text + "' is none of these: auto uring epoll");
}

}  // namespace

void add_io_backend_option(CLI::App& app, weft::IoBackend& backend, const std::string& about) {
  const auto take = [&backend](const std::string& text) { backend = parse_backend(text); };
  app.add_option_function<std::string>("--io-backend", take, about + ": auto, uring or epoll [auto]")->type_name("KIND");
}

}  // namespace program
