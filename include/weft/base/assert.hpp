/// @file
/// Checks. WEFT_CHECK stays in every build and guards what would otherwise corrupt memory; WEFT_ASSERT is for debug builds, and
/// WEFT_ASSERT_FULL, which may walk a data structure, for those that ask for it.
#pragma once

#include <weft/base/platform.hpp>

namespace weft::inline v0::detail {

/// Prints the place and the sentence to standard error and aborts.
[[noreturn]] WEFT_API WEFT_COLD void check_failed(const char* file, int line, const char* sentence) noexcept;

}  // namespace weft::inline v0::detail

/// Aborts with `sentence` unless `condition` holds; the sentence says what the caller did and what to do instead.
#define WEFT_CHECK(condition, sentence) \
  (static_cast<bool>(condition) ? void() : ::weft::detail::check_failed(__FILE__, __LINE__, sentence))

// WEFT_ASSERTS comes from the build (-Dasserts=): 0, 1 or 2; without it the usual NDEBUG decides.
#if !defined(WEFT_ASSERTS)
#if defined(NDEBUG)
#define WEFT_ASSERTS 0
#else
#define WEFT_ASSERTS 1
#endif
#endif

// Types that have more in them when checks are on live in one more inline namespace, so that a program may have objects of both kinds.
#if WEFT_ASSERTS >= 1
#define WEFT_ASSERTS_NAMESPACE checked
#else
#define WEFT_ASSERTS_NAMESPACE unchecked
#endif

#if WEFT_ASSERTS >= 1
#define WEFT_ASSERT(condition, sentence) WEFT_CHECK(condition, sentence)
#else
#define WEFT_ASSERT(condition, sentence) static_cast<void>(0)
#endif
#if WEFT_ASSERTS >= 2
#define WEFT_ASSERT_FULL(condition, sentence) WEFT_CHECK(condition, sentence)
#else
#define WEFT_ASSERT_FULL(condition, sentence) static_cast<void>(0)
#endif
