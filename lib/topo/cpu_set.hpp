/// @file
/// A set of processors as the kernel takes it, on machines of any size.
#pragma once

#include <cstdint>
#include <vector>

namespace weft::inline v0 {

class CpuSet {
 public:
  CpuSet() = default;
  /// @param cpus  as the kernel counts them
  explicit CpuSet(const std::vector<unsigned>& cpus);

  [[nodiscard]] bool is_empty() const noexcept { return words_.empty(); }

  /// Lets the calling thread run on these only.
  ///
  /// @return  0, or why the kernel has refused: an errno
  [[nodiscard]] int bind_this_thread() const noexcept;

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace weft::inline v0
