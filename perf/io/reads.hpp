/// @file
/// Operations that do not wait, on one thread.
///
/// nop         one operation that does nothing after the other: what it costs to go to the kernel and back
/// read-<n>    blocks of 4 KiB at random places of a file that is in memory, always n at once
/// direct-<n>  the same from the disk itself, past that memory
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace io {

inline constexpr std::size_t kBlock = 4096;

/// A file whose blocks each begin with their number.
class NumberedFile {
 public:
  enum class By : bool { Memory, Disk };
  explicit NumberedFile(By way);
  ~NumberedFile();
  NumberedFile(const NumberedFile&) = delete;
  NumberedFile& operator=(const NumberedFile&) = delete;

  [[nodiscard]] int file() const { return file_; }
  [[nodiscard]] std::uint64_t blocks() const { return blocks_; }

 private:
  const int file_;
  const std::uint64_t blocks_;
};

/// Does so many operations.
using Nops = std::function<void(std::uint64_t count)>;
bool add_nops(const std::string& contender, Nops nops);

/// Reads so many blocks at places that `block_of(i)` says, `depth` at once, into memory at multiples of kBlock; returns how many began with their
/// number.
using Reads = std::function<std::uint64_t(const NumberedFile& file, std::uint64_t count, unsigned depth)>;
bool add_reads(const std::string& contender, Reads reads);

/// Where the i-th read is. The same for all contenders.
inline std::uint64_t block_of(std::uint64_t i, std::uint64_t blocks) { return i * 0x9e3779b97f4a7c15u % blocks; }

}  // namespace io
