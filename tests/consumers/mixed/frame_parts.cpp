// Work of frames, and work with handles, spawned by parts with internal checks and without them: each runs as it was made.
#include "frame_parts.hpp"

int main() {
  weft::Runtime rt{{.workers = 1}};
  for (int frame = 0; frame < 3; ++frame) {
    rt.run(with_checks());
    rt.run(without_checks());
    rt.next_frame();
  }
  return runs.load() == 3 * 2 * kRunsOfPart ? 0 : 1;
}
