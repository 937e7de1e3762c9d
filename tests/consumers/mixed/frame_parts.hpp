#pragma once

#include <weft/weft.hpp>

#include <atomic>
#include <utility>
#include <vector>

constexpr int kJobs = 50;
constexpr int kRunsOfPart = 5 * kJobs;

inline std::atomic<int> runs{0};
inline void note_run() { runs.fetch_add(1); }

struct NoteRun {
  int operator()() const {
    note_run();
    return 0;
  }
};

weft::Task<> with_checks();
weft::Task<> without_checks();
