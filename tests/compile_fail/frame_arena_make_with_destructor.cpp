// expect: a FrameArena runs no destructors
#include <weft/mem/frame_arena.hpp>

#include <string>

int length(weft::FrameArena& arena) {
#ifdef WEFT_CORRECT
  return *arena.make<int>(3);
#else
  return static_cast<int>(arena.make<std::string>("abc")->size());
#endif
}
