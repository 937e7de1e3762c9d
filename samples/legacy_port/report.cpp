#include "report.hpp"

#include <algorithm>
#include <cstdio>

namespace legacy_port {
namespace {

struct Question {
  const char* title;
  const char* sql;
};

constexpr Question kQuestions[] = {
    {"The last years",
     "SELECT * FROM (SELECT substr(date, 1, 4) AS year, count(*) AS entries, "
     "count(DISTINCT package) AS packages, sum(items) AS items FROM entries "
     "WHERE date IS NOT NULL GROUP BY year ORDER BY year DESC LIMIT 10) ORDER BY year"},
    {"Who wrote most",
     "SELECT maintainer, count(*) AS entries, count(DISTINCT package) AS packages FROM entries "
     "GROUP BY maintainer ORDER BY entries DESC, maintainer LIMIT 10"},
    {"Most bugs closed",
     "SELECT package, count(DISTINCT bug) AS bugs FROM closed_bugs "
     "GROUP BY package ORDER BY bugs DESC, package LIMIT 5"},
};

/// Characters, not bytes: names have umlauts.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

void print_table(const Table& table) {
  std::vector<std::size_t> widths(table.front().size());
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  for (const auto& row : table) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string fill(widths[i] - width(row[i]), ' ');
      line += i == 0 ? " " + row[i] + fill : "  " + fill + row[i];
    }
    std::printf("%s\n", line.c_str());
  }
}

std::string describe(std::chrono::nanoseconds duration) {
  char text[32];
  const double us = static_cast<double>(duration.count()) / 1e3;
  std::snprintf(text, sizeof text, us < 1e3 ? "%.0f us" : "%.1f ms", us < 1e3 ? us : us / 1e3);
  return text;
}

}  // namespace

std::vector<Section> query_report(Store& store) {
  std::vector<Section> sections;
  for (const Question& q : kQuestions) sections.push_back({q.title, store.query(q.sql)});
  return sections;
}

void print_report(const std::vector<Section>& sections) {
  for (const Section& section : sections) {
    std::printf("%s:\n", section.title.c_str());
    print_table(section.table);
  }
}

std::string describe(const Lateness& lateness, CallMode calls) {
  return "jobs of others started " + describe(lateness.median) + " late (median), " +
         describe(lateness.p99) + " (99 %), " + describe(lateness.most) + " (at most), of " +
         std::to_string(lateness.ticks) + "; blocking calls were " +
         (calls.is_marked ? "marked" : "not marked");
}

}  // namespace legacy_port
