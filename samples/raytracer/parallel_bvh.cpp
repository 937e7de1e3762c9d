#include "parallel_bvh.hpp"

#include <utility>

#include "bvh_builder.hpp"

namespace raytracer {
namespace {

/// Ranges with fewer primitives are built by one worker: about half a millisecond of work.
constexpr std::uint32_t kSerialSize = 1024;

weft::Task<> build_range(BvhBuilder& builder, BuildRange range) {
  if (range.size() < kSerialSize) {
    builder.build_serially(range);
    co_return;
  }
  const BuildSplit split = builder.split(range);
  if (split.is_leaf) co_return;
  weft::Task<> left = build_range(builder, split.left);
  weft::Task<> right = build_range(builder, split.right);
  co_await weft::when_all(std::move(left), std::move(right));
}

}  // namespace

weft::Task<Bvh> build_bvh(const SceneGeometry& geometry) {
  BvhBuilder builder(geometry);
  if (builder.root().size() > 0) {
    weft::Task<> root = build_range(builder, builder.root());
    co_await std::move(root);
  }
  co_return builder.finish();
}

}  // namespace raytracer
