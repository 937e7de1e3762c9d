#include "options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <functional>
#include <limits>

#include "program/io_backend_option.hpp"

namespace http_server {
namespace {

std::size_t parse_count(const std::string& name, const std::string& text, std::size_t least, std::size_t most) {
  long value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) throw CLI::ValidationError(name, "'" + text + "' is not a whole number");
  if (value < static_cast<long>(least) || value > static_cast<long>(most)) {
    throw CLI::ValidationError(name, "'" + text + "' is out of range, which is " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<std::size_t>(value);
}

weft::io::SocketAddress parse_address(const std::string& text) {
  const auto address = weft::io::SocketAddress::try_parse(text);
  if (!address || address->family() == weft::io::AddressFamily::Unix) {
    throw CLI::ValidationError("--listen", "'" + text + "' is no address, such as 127.0.0.1:8080 or [::1]:8080");
  }
  return *address;
}

void add_options(CLI::App& app, Options& o) {
  const auto add = [&app](const std::string& names, const std::string& type, std::function<void(const std::string&)> take, const std::string& help) {
    app.add_option_function<std::string>(names, std::move(take), help)->type_name(type);
  };
  const auto add_count = [&](const std::string& name, std::size_t& value, std::size_t least, std::size_t most, const std::string& help) {
    const std::string text = help + " [" + std::to_string(value) + "]";
    add(name, "N", [=, &value](const std::string& s) { value = parse_count(name, s, least, most); }, text);
  };
  const auto add_time = [&](const std::string& name, std::chrono::milliseconds& value, const std::string& help) {
    const std::string text = help + " [" + std::to_string(value.count()) + "]";
    add(name, "MS", [=, &value](const std::string& s) { value = std::chrono::milliseconds(parse_count(name, s, 1, 86'400'000)); }, text);
  };
  app.add_option("folder", o.folder, "Whose files are served [.]")->type_name("FOLDER");
  add("-l,--listen", "ADDRESS", [&o](const std::string& s) { o.address = parse_address(s); }, "Where to listen [127.0.0.1:8080]");
  add("--workers", "N", [&o](const std::string& s) { o.workers = static_cast<unsigned>(parse_count("--workers", s, 0, 1024)); },
      "Workers; 0: as many as this process may use [0]");
  program::add_io_backend_option(app, o.backend, "How connections are served");
  add_count("--max-head", o.limits.head, 64, 1 << 20, "Bytes that the head of a request may have");
  add_count("--max-body", o.limits.body, 0, std::numeric_limits<int>::max(), "Bytes that its body may have");
  add_count("--max-connections", o.limits.connections, 1, 10'000'000, "Connections at the same time; further ones are answered 503");
  add_time("--idle", o.limits.idle, "A connection may be idle so long between two requests");
  add_time("--request", o.limits.request, "A request may take so long from its first byte to its last");
  add_time("--answer", o.limits.answer, "An answer, or 256 KiB of a file, may take so long to be received");
  add_time("--drain", o.limits.drain, "What is under way may take so long when the server stops");
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  ParsedOptions result;
  CLI::App app{"Serves the files of a folder by HTTP/1.1, counts words, and tells how it fares."};
  app.name("http_server");
  app.get_formatter()->column_width(28);
  add_options(app, result.options);
  // Set again, so that it stands last.
  app.set_help_flag("-h,--help", "Print this and exit");
  app.footer(
      "Ctrl-C and SIGTERM: no new connections, those that are idle are closed, and what is under way goes on for --drain ms; a second one ends it.\n"
      "Exit status: 0 it was told to stop, 2 an option is wrong, 1 something else failed.\n\n"
      "Examples:\n"
      "  http_server --listen 0.0.0.0:8080 public\n"
      "  curl -d 'some words' http://127.0.0.1:8080/api/count\n");
  result.exit_status = program::parse_command_line(app, argc, argv);
  return result;
}

}  // namespace http_server
