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

/// Packets that one worker fills; about as much work.
constexpr std::uint32_t kSerialPackets = 2048;

weft::Task<> fill_packets(BvhBuilder& builder, std::uint32_t first, std::uint32_t last) {
  if (last - first <= kSerialPackets) {
    builder.fill_packets(first, last);
    co_return;
  }
  const std::uint32_t middle = first + (last - first) / 2;
  weft::Task<> left = fill_packets(builder, first, middle);
  weft::Task<> right = fill_packets(builder, middle, last);
  co_await weft::when_all(std::move(left), std::move(right));
}

}  // namespace

weft::Task<Bvh> build_bvh(const SceneGeometry& geometry) {
  BvhBuilder builder(geometry);
  if (builder.root().size() > 0) {
    weft::Task<> root = build_range(builder, builder.root());
    co_await std::move(root);
  }
  builder.lay_out();
  weft::Task<> fill = fill_packets(builder, 0, builder.packet_count());
  co_await std::move(fill);
  co_return builder.finish();
}

}  // namespace raytracer
