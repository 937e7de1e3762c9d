#include "changelog.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>

namespace changelog {
namespace {

const char kBlanks[] = " \t\r\f\v";

bool begins_with(const std::string& text, const char* with) {
  return text.compare(0, std::strlen(with), with) == 0;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

/// Descends recursively. Each member function that is named after a part of the grammar reads it,
/// beginning with the line that was read last:
///
///     changelog = { entry }
///     entry     = heading { blank | text | item } trailer
///     heading   = package "(" version ")" distribution { distribution } ";" setting { "," setting }
///     item      = bullet text { more text } { item that is indented deeper }
///     trailer   = " -- " name "<" address ">" date
class Parser {
 public:
  Parser(const Callbacks& callbacks, Mistake& mistake) : callbacks_(callbacks), mistake_(mistake) {}

  bool changelog() {
    if (!advance()) return false;
    while (!is_over_) {
      if (is_remark()) {
        if (!advance()) return false;
      } else if (is_appendix()) {
        return skip_rest();
      } else if (!entry()) {
        return false;
      }
    }
    return true;
  }

 private:
  bool entry() {
    entry_ = Entry();
    if (!heading() || !advance()) return false;
    while (!is_over_) {
      if (begins_with(line_, " --")) return trailer();
      if (is_blank()) {
        if (!advance()) return false;
      } else if (!is_indented()) {
        return fail("an entry goes on without a blank at the beginning of the line");
      } else if (is_item()) {
        if (!item(1)) return false;
      } else if (!text()) {
        return false;
      }
    }
    return fail("the file ends inside an entry");
  }

  bool heading() {
    const std::size_t open = line_.find(" (");
    const std::size_t close = line_.find(')');
    const std::size_t semicolon = line_.find(';');
    if (is_indented() || open == std::string::npos || open == 0 || close == std::string::npos ||
        close < open + 3 || semicolon == std::string::npos || semicolon < close) {
      return fail(
          "this is not the heading of an entry, such as 'tool (1.0-1) unstable; urgency=low'");
    }
    entry_.package = line_.substr(0, open);
    entry_.version = line_.substr(open + 2, close - open - 2);
    entry_.distribution = trimmed(line_.substr(close + 1, semicolon - close - 1));
    if (entry_.package.find_first_of(kBlanks) != std::string::npos ||
        entry_.version.find_first_of(kBlanks) != std::string::npos) {
      return fail("neither a package nor a version has a blank in its name");
    }
    settings(line_.substr(semicolon + 1));
    return true;
  }

  void settings(const std::string& list) {
    std::size_t begin = 0;
    while (begin <= list.size()) {
      const std::size_t end = std::min(list.find(',', begin), list.size());
      const std::size_t equals = list.find('=', begin);
      if (equals < end) {
        std::string name = trimmed(list.substr(begin, equals - begin));
        for (std::size_t i = 0; i < name.size(); ++i) name[i] = lower(name[i]);
        if (name == "urgency") urgency(trimmed(list.substr(equals + 1, end - equals - 1)));
      }
      begin = end + 1;
    }
  }

  void urgency(const std::string& value) {
    // Some explain themselves: "high (security fix)".
    entry_.urgency = value.substr(0, value.find_first_of(kBlanks));
    for (std::size_t i = 0; i < entry_.urgency.size(); ++i) {
      entry_.urgency[i] = lower(entry_.urgency[i]);
    }
  }

  bool item(int depth) {
    if (depth > kDeepestItem) {
      char what[80];
      std::snprintf(what, sizeof what, "its items are nested more than %d deep", kDeepestItem);
      return fail(what);
    }
    const std::size_t indent = indentation();
    ++entry_.items;
    if (depth > entry_.depth) entry_.depth = depth;
    if (!text()) return false;
    while (!is_over_ && is_indented() && !is_blank() && !begins_with(line_, " --")) {
      if (!is_item()) {
        if (!text()) return false;
      } else if (indentation() <= indent) {
        return true;
      } else if (!item(depth + 1)) {
        return false;
      }
    }
    return true;
  }

  bool text() {
    entry_.changes += trimmed(line_);
    entry_.changes += '\n';
    return advance();
  }

  bool trailer() {
    const std::size_t open = line_.find('<');
    const std::size_t close = line_.find('>', open == std::string::npos ? 0 : open);
    if (!begins_with(line_, " -- ") || open == std::string::npos || close == std::string::npos) {
      return fail("' --' is not followed by 'Name <address>  date'");
    }
    entry_.maintainer = trimmed(line_.substr(4, open - 4));
    entry_.email = line_.substr(open + 1, close - open - 1);
    entry_.date = trimmed(line_.substr(close + 1));
    callbacks_.entry(callbacks_.context, entry_);
    return advance();
  }

  /// What may stand between entries.
  bool is_remark() const {
    return is_blank() || line_[0] == '#' || line_[0] == '$' || begins_with(line_, "/*");
  }

  /// What may stand after the last entry, in any format.
  bool is_appendix() const {
    return begins_with(line_, "Local variables:") || begins_with(line_, "Local Variables:") ||
           begins_with(line_, "vim:") || begins_with(line_, "Old Changelog") ||
           begins_with(line_, "Changes from ") || begins_with(line_, "ChangeLog begins ");
  }

  bool skip_rest() {
    while (!is_over_) {
      if (!advance()) return false;
    }
    return true;
  }

  /// Reads the next line.
  bool advance() {
    line_.clear();
    ++number_;
    for (int c = next(); c != '\n'; c = next()) {
      if (c < 0) {
        is_over_ = line_.empty();
        return true;
      }
      if (c == 0) return fail("it has a character of value 0, so this is no text");
      if (line_.size() == static_cast<std::size_t>(kLongestLine)) {
        char what[80];
        std::snprintf(what, sizeof what, "it is longer than %d characters", kLongestLine);
        return fail(what);
      }
      line_ += static_cast<char>(c);
    }
    return true;
  }

  int next() { return callbacks_.next(callbacks_.context); }

  bool is_blank() const { return line_.find_first_not_of(kBlanks) == std::string::npos; }
  bool is_indented() const { return !line_.empty() && (line_[0] == ' ' || line_[0] == '\t'); }
  std::size_t indentation() const { return line_.find_first_not_of(kBlanks); }
  bool is_item() const {
    const std::size_t at = indentation();
    return std::strchr("*-+", line_[at]) != nullptr && at + 1 < line_.size() &&
           (line_[at + 1] == ' ' || line_[at + 1] == '\t');
  }

  static char lower(char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }

  bool fail(const char* what) {
    mistake_.line = number_;
    mistake_.what = what;
    return false;
  }

  const Callbacks& callbacks_;
  Mistake& mistake_;
  Entry entry_;
  std::string line_;
  int number_ = 0;
  bool is_over_ = false;
};

}  // namespace

bool parse(const Callbacks& callbacks, Mistake& mistake) {
  Parser parser(callbacks, mistake);
  return parser.changelog();
}

bool to_iso_date(const std::string& date, std::string& iso) {
  static const char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  char month[4];
  char zone[6];
  int day, year, hour, minute, second;
  const std::size_t comma = date.find(',');
  const char* const rest = date.c_str() + (comma == std::string::npos ? 0 : comma + 1);
  if (std::sscanf(rest, " %2d %3[A-Za-z] %4d %2d:%2d:%2d %5[-+0-9]", &day, month, &year, &hour,
                  &minute, &second, zone) != 7) {
    return false;
  }
  const char* const found = std::strstr(kMonths, month);
  const bool is_month = std::strlen(month) == 3 && found != nullptr && (found - kMonths) % 3 == 0;
  if (!is_month || year < 1970 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60 || std::strlen(zone) != 5) {
    return false;
  }
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%.3s:%s", year,
                static_cast<int>(found - kMonths) / 3 + 1, day, hour, minute, second, zone,
                zone + 3);
  iso = text;
  return true;
}

}  // namespace changelog
