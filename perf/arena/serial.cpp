/// @file
/// The C++ allocator and mimalloc.
#include <new>

#if WEFT_PERF_MIMALLOC
#include <mimalloc.h>
#endif

#include "arena/cases.hpp"

namespace arena {
namespace {

template <std::size_t kBytes, std::size_t kCount>
bool add_operator_new(const char* problem) {
  return add_operation(problem, "operator-new", [](benchmark::State& state) {
    measure<kCount>(state, [] { return ::operator new(kBytes); }, [](void* block) { ::operator delete(block, kBytes); });
  });
}

[[maybe_unused]] const bool few = add_operator_new<64, 16>("frame_64");
[[maybe_unused]] const bool many = add_operator_new<64, 1000>("frames_64");
[[maybe_unused]] const bool blocks = add_operator_new<64, 1000>("block_64");
[[maybe_unused]] const bool pages = add_operator_new<8192, 16>("block_8k");

#if WEFT_PERF_MIMALLOC
template <std::size_t kBytes, std::size_t kCount>
bool add_mimalloc(const char* problem) {
  return add_operation(problem, "mimalloc", [](benchmark::State& state) {
    mi_heap_t* const heap = mi_heap_new();
    measure<kCount>(state, [heap] { return mi_heap_malloc(heap, kBytes); }, [](void* block) { mi_free_size(block, kBytes); });
    mi_heap_delete(heap);
  });
}

[[maybe_unused]] const bool few_mi = add_mimalloc<64, 16>("frame_64");
[[maybe_unused]] const bool many_mi = add_mimalloc<64, 1000>("frames_64");
[[maybe_unused]] const bool blocks_mi = add_mimalloc<64, 1000>("block_64");
[[maybe_unused]] const bool pages_mi = add_mimalloc<8192, 16>("block_8k");
#endif

}  // namespace
}  // namespace arena
