/// @file
/// The C++ allocator, and the standard's bump allocator, which is for one thread.
#include <memory_resource>

#include "frame_arena/cases.hpp"

namespace frame_arena {
namespace {

[[maybe_unused]] const bool operator_new = add_operation("block_32", "operator-new", [](benchmark::State& state) {
  measure_blocks(
      state, [] { return ::operator new(sizeof(Node)); },
      [](Chain& chain) { chain.free_all([](Node* node) { ::operator delete(node, sizeof(Node)); }); });
});

[[maybe_unused]] const bool monotonic = add_operation("block_32", "std-monotonic", [](benchmark::State& state) {
  std::pmr::unsynchronized_pool_resource kept;  // so that it, too, gets the memory of the last frame
  std::pmr::monotonic_buffer_resource resource(2 * kBlocks * sizeof(Node), &kept);
  measure_blocks(state, [&resource] { return resource.allocate(sizeof(Node)); }, [&resource](Chain& /*chain*/) { resource.release(); });
});

}  // namespace
}  // namespace frame_arena
