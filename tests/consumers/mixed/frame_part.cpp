// One of two parts of a program, of which one has internal checks and the other has not; both spawn the same things.
#include "frame_parts.hpp"

weft::Task<> PART() {
  weft::Counter done;
  for (int i = 0; i < kJobs; ++i) {
    weft::spawn(&note_run, done, {.frame = true});
    weft::spawn(NoteRun{}, done, {.frame = true});
    weft::spawn(NoteRun{}, done);
  }
  co_await done;
  std::vector<weft::JoinHandle<int>> handles;
  for (int i = 0; i < kJobs; ++i) {
    handles.push_back(weft::spawn(NoteRun{}));
    weft::SpawnOptions of_frame{.frame = true};
    handles.push_back(weft::spawn(NoteRun{}, of_frame));
  }
  for (weft::JoinHandle<int>& handle : handles) co_await std::move(handle);
}
