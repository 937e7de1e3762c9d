/// @file
/// Answers, and which one a request gets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <weft/coro/task.hpp>

#include "metrics.hpp"
#include "request.hpp"
#include "static_files.hpp"

namespace http_server {

struct Answer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::optional<OpenFile> file;  ///< instead of a body
  std::string allow;             ///< of a 405: the methods that there are
};

/// One that says what is wrong.
[[nodiscard]] Answer error_answer(int status, std::string_view why);

/// The head of an answer, with the empty line. @param is_last  the connection is closed behind it
[[nodiscard]] std::string head_of(const Answer& answer, bool is_last);

/// What is counted of a text, as JSON: {"bytes":12,"lines":1,"words":2}
[[nodiscard]] std::string count_as_json(std::string_view text);

/// Finds the answer to a request. Blocks nobody but by weft::blocking.
[[nodiscard]] weft::Task<Answer> answer_to(const RequestHead& head, const std::string& body, const StaticFiles& files, const Metrics& metrics);

}  // namespace http_server
