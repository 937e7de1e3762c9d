#include "metrics.hpp"

namespace http_server {
namespace {

void add(std::string& text, const char* name, const char* type, const char* help, const std::atomic<std::uint64_t>& value) {
  text += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
  text += std::string(name) + " " + std::to_string(value.load(std::memory_order_relaxed)) + "\n";
}

}  // namespace

void Metrics::answered(int status, std::uint64_t bytes) noexcept {
  answers_[static_cast<std::size_t>(status / 100) % answers_.size()].fetch_add(1, std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

std::string Metrics::text() const {
  std::string text;
  add(text, "http_connections_opened_total", "counter", "Connections that were accepted.", opened_);
  add(text, "http_connections_open", "gauge", "Connections that are open.", open_);
  add(text, "http_connections_refused_total", "counter", "Connections beyond the limit.", refused_);
  add(text, "http_timeouts_total", "counter", "Connections closed because the client was too slow.", timed_out_);
  add(text, "http_sent_bytes_total", "counter", "Bytes of answers, with their heads.", bytes_);
  text += "# HELP http_answers_total Answers by the class of their status.\n# TYPE http_answers_total counter\n";
  for (std::size_t digit = 1; digit < answers_.size(); ++digit) {
    text += "http_answers_total{class=\"" + std::to_string(digit) + "xx\"} ";
    text += std::to_string(answers_[digit].load(std::memory_order_relaxed)) + "\n";
  }
  return text;
}

}  // namespace http_server
