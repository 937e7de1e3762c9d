/// @file
/// Where fibers come from: a worker's own few, then the depot that all share.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <weft/base/platform.hpp>
#include <weft/fiber/fiber.hpp>

namespace weft::inline v0 {

/// The sizes in which stacks are kept: powers of two, and the large ones once more on huge pages.
struct StackSize {
  static constexpr std::size_t kSmallest = std::size_t{16} << 10;
  static constexpr std::uint32_t kClasses = 14;
  static constexpr std::size_t kLargest = kSmallest << (kClasses - 1);
  static constexpr std::size_t kDefault = std::size_t{64} << 10;
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;
  static constexpr std::uint32_t kAllClasses = 2 * kClasses;
  /// Instrumented code needs more stack than the same code without; so every stack is larger there than was asked for.
  static constexpr std::size_t kFactor = WEFT_ASAN || WEFT_TSAN ? 4 : 1;

  /// The class of stacks with at least `bytes`. Pre: at most kLargest.
  [[nodiscard]] static constexpr std::uint32_t class_of(std::size_t bytes) noexcept {
    return bytes <= kSmallest ? 0 : static_cast<std::uint32_t>(std::bit_width((bytes - 1) / kSmallest));
  }
  [[nodiscard]] static constexpr std::size_t bytes_of(std::uint32_t size_class) noexcept { return kSmallest << size_class % kClasses; }
  [[nodiscard]] static constexpr bool is_huge(std::uint32_t size_class) noexcept { return size_class >= kClasses; }
  /// The class of the same size on huge pages, if it has at least one.
  [[nodiscard]] static constexpr std::uint32_t huge(std::uint32_t size_class) noexcept {
    return bytes_of(size_class) >= kHugePage ? size_class % kClasses + kClasses : size_class;
  }

  /// The class for what a user asks for, which is not zero. Errors: UsageError if it is more than kLargest.
  [[nodiscard]] static std::uint32_t checked_class(std::size_t bytes) {
    if (bytes > kLargest) [[unlikely]] refuse(bytes);
    return class_of(bytes);
  }

 private:
  [[noreturn]] WEFT_API static void refuse(std::size_t bytes);
};

inline std::size_t Fiber::stack_size() const noexcept { return StackSize::bytes_of(size_class_); }

/// A worker's idle fibers. The one that was used last is taken first: its stack is in the cache of the processor.
///
/// Threads: one at a time (the worker's own).
class FiberCache {
 public:
  constexpr FiberCache() noexcept = default;
  FiberCache(const FiberCache&) = delete;
  FiberCache& operator=(const FiberCache&) = delete;
  ~FiberCache() { trim(); }

  /// Takes a fiber, to be begun. Errors: LimitError, see FiberDepot::take.
  [[nodiscard]] WEFT_ALWAYS_INLINE Fiber& take(std::uint32_t size_class) {
    Kept& kept = kept_[size_class];
    if (kept.first == nullptr) [[unlikely]] return refill(size_class);
    if (--kept.count < kept.least) kept.least = kept.count;
    Fiber& fiber = *kept.first;
    kept.first = fiber.next_;
    return fiber;
  }

  /// Gives back a fiber that has left for good; from any cache.
  WEFT_ALWAYS_INLINE void put(Fiber& fiber) noexcept {
    Kept& kept = kept_[fiber.size_class_];
    fiber.next_ = kept.first;
    kept.first = &fiber;
    if (++kept.count > most_kept(fiber.size_class_)) [[unlikely]] give_half_away(fiber.size_class_);
  }

  /// Gives all idle fibers to the depot.
  WEFT_API void trim() noexcept;

  /// For a worker that has nothing to do: takes what the next burst may want, and gives away what nobody has used since the last time.
  WEFT_API void rest() noexcept;

  /// The class for who asks for so many bytes; 0: the default. Errors: UsageError if it is too large.
  [[nodiscard]] std::uint32_t class_for(std::size_t bytes) const {
    if (bytes == 0) [[likely]] return default_class_;
    const std::uint32_t size_class = StackSize::checked_class(bytes);
    return is_huge_ ? StackSize::huge(size_class) : size_class;
  }

  /// @param bytes        for who asks for no other size
  /// @param huge_pages   stacks of 2 MiB and more lie on huge pages
  /// @param is_prefault  a stack has all its memory when it is taken for the first time
  WEFT_API void configure(std::size_t bytes, bool huge_pages, bool is_prefault);

  /// 4 MiB of stacks, but 64 of them at most and 4 at least.
  [[nodiscard]] static constexpr std::uint32_t most_kept(std::uint32_t size_class) noexcept {
    constexpr std::size_t kBytes = std::size_t{4} << 20;
    const std::size_t fitting = kBytes / StackSize::bytes_of(size_class);
    return fitting > 64 ? 64 : fitting < 4 ? 4 : static_cast<std::uint32_t>(fitting);
  }

 private:
  struct Kept {
    Fiber* first = nullptr;
    std::uint32_t count = 0;
    std::uint32_t least = 0;    // that there were since rest()
    std::uint32_t refills = 0;  // since rest()
  };

  WEFT_API Fiber& refill(std::uint32_t size_class);
  void add_some(std::uint32_t size_class, std::uint32_t most);
  void keep_only(std::uint32_t size_class, std::uint32_t count) noexcept;
  WEFT_API void give_half_away(std::uint32_t size_class) noexcept;
  static void put_all_home(Fiber* first) noexcept;

  Kept kept_[StackSize::kAllClasses];
  std::uint32_t default_class_ = StackSize::class_of(StackSize::kDefault);
  bool is_huge_ = false;
  bool is_prefault_ = false;
  std::int64_t rested_at_ = 0;  // steady clock, ns
};

}  // namespace weft::inline v0
