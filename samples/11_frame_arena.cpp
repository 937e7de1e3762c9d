// The frames of a game: what each frame needs for itself, jobs included, lies in an arena that is empty again in the next one.
#include <cstddef>
#include <iostream>
#include <memory_resource>
#include <span>
#include <vector>

#include <weft/weft.hpp>

namespace {

constexpr std::size_t kRegions = 64;
constexpr int kFrames = 100;
constexpr std::size_t kExpected = 328'350;  // 0 + 1 + 4 + 9 + ... + 99 * 99

struct Hit {
  std::size_t body;
  std::size_t region;
};

/// Stands for a search whose results are as many as they are.
void collide(std::size_t region, int frame, std::pmr::vector<Hit>& hits) {
  const auto bodies = static_cast<std::size_t>(frame) * static_cast<std::size_t>(frame);
  for (std::size_t body = region; body < bodies; body += kRegions) hits.push_back({body, region});
}

/// Each region's hits grow in the memory of the worker that finds them: no malloc, no lock, and nobody frees them.
weft::Task<std::size_t> update(weft::FrameArena& arena, int frame) {
  std::pmr::vector<std::pmr::vector<Hit>> hits(kRegions, &arena);
  const std::span<bool> is_asleep = arena.make_array<bool>(kRegions);  // false

  weft::Counter done;
  for (std::size_t region = 0; region < kRegions; ++region) {
    // The closure, too, lies in the frame; that the job has ended before the frame does is checked.
    weft::spawn(
        [&, region] {
          collide(region, frame, hits[region]);
          is_asleep[region] = hits[region].empty();
        },
        done, {.frame = true});
  }
  co_await done;

  std::size_t sum = 0;
  for (std::size_t region = 0; region < kRegions; ++region) sum += is_asleep[region] ? 0 : hits[region].size();
  co_return sum;
}

}  // namespace

int main() {
  weft::Runtime rt;
  std::size_t sum = 0;
  for (int frame = 0; frame < kFrames; ++frame) {
    sum += rt.run(update(rt.frame(), frame));
    rt.next_frame();  // all memory of the frame is free; what is to be kept, the sum, has been copied out
  }
  std::cout << sum << " hits in " << kFrames << " frames, which took " << rt.frame().reserved_bytes() / 1024 << " KiB in all\n";
  return sum == kExpected ? 0 : 1;
}
