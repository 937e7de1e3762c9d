#include <weft/mem/frame_arena.hpp>

#include <array>
#include <cstdio>
#include <utility>

#include "mem/frame_page.hpp"
#include <weft/base/assert.hpp>
#include <weft/base/error.hpp>

namespace weft::inline v0 {

namespace detail {

WEFT_DEFINE_THREAD_SLOT(FrameArea, frame_area)

namespace {

constexpr bool needs_own_page(std::size_t bytes, std::size_t alignment) noexcept {
  return bytes > FrameArea::kLargest || alignment > FrameArea::kLargest;
}

constexpr std::uintptr_t align_up(std::uintptr_t address, std::size_t alignment) noexcept {
  return (address + alignment - 1) & ~(std::uintptr_t{alignment} - 1);
}

/// Appends one list to another. Returns the whole.
FramePage* joined(FramePage* list, FramePage* behind) noexcept {
  if (list == nullptr) return behind;
  FramePage* last = list;
  while (last->next != nullptr) last = last->next;
  last->next = behind;
  return list;
}

}  // namespace

// ---- an area, by its own thread ----

/// Returns null if it takes a new page.
void* FrameArea::try_take(std::size_t bytes, std::size_t alignment) noexcept {
  if (needs_own_page(bytes, alignment)) return take_large(bytes, alignment);
  for (;;) {
#if WEFT_ASAN
    // Between blocks there is a grain that nobody has taken.
    const std::uintptr_t begin = align_up(hidden_window_.top, alignment > kGrain ? alignment : kGrain);
    const std::uintptr_t end = begin + align_up(bytes, kGrain) + kGrain;
    if (end <= hidden_window_.end) {
      hidden_window_.top = end;
      FramePage::take(begin, bytes);
      return reinterpret_cast<void*>(begin);
    }
#else
    void* block;
    if (try_bump(block, bytes, alignment)) return block;
#endif
    FramePage* const next = current_ != nullptr ? current_->next : first_;
    if (next == nullptr) return nullptr;
    open(next);
  }
}

void FrameArea::open(FramePage* page) noexcept {
  current_ = page;
  page->last_frame = arena_->frame_;
  (WEFT_ASAN ? hidden_window_ : window_) = Window{page->begin(), page->end()};
}

/// A block of a page that was kept and is not much too large, or null.
void* FrameArea::take_large(std::size_t bytes, std::size_t alignment) noexcept {
  const std::size_t needed = FramePage::bytes_for(bytes, alignment);
  for (FramePage** at = &large_kept_; *at != nullptr; at = &(*at)->next) {
    FramePage* const page = *at;
    if (page->bytes < needed || page->bytes / 2 > needed) continue;
    *at = page->next;
    page->next = nullptr;
    *std::exchange(large_end_, &page->next) = page;
    page->last_frame = arena_->frame_;
    const std::uintptr_t begin = align_up(page->begin(), alignment);
    FramePage::take(begin, bytes);
    return reinterpret_cast<void*>(begin);
  }
  return nullptr;
}

/// Adds a page that try_take() finds next.
void FrameArea::add(FramePage* page) noexcept {
  FramePage*& before = !page->is_shared() ? large_kept_ : current_ != nullptr ? current_->next : first_;
  page->next = std::exchange(before, page);
}

// ---- an area, between two frames ----

void FrameArea::rewind() noexcept {
  if (WEFT_ASAN) {
    const FramePage* const unused = current_ != nullptr ? current_->next : first_;
    for (const FramePage* page = first_; page != unused; page = page->next) page->close();
    for (const FramePage* page = large_; page != nullptr; page = page->next) page->close();
  }
  current_ = nullptr;
  window_ = Window{};
  hidden_window_ = Window{};
  // relaxed: nothing that it could name is left.
  tags_.store(nullptr, relaxed);
  // In the order of their use, so that a frame like the last finds each at the head.
  *std::exchange(large_end_, &large_) = large_kept_;
  large_kept_ = std::exchange(large_, nullptr);
}

/// Takes out the pages that were last used before a frame.
FramePage* FrameArea::take_idle(std::uint64_t before) noexcept {
  // Pages are used from the first on, so those that have not been for long are the last ones.
  FramePage** at = &first_;
  while (*at != nullptr && (*at)->last_frame >= before) at = &(*at)->next;
  FramePage* idle = std::exchange(*at, nullptr);
  for (at = &large_kept_; *at != nullptr;) {
    FramePage* const page = *at;
    if (page->last_frame >= before) {
      at = &page->next;
    } else {
      *at = page->next;
      page->next = std::exchange(idle, page);
    }
  }
  return idle;
}

const FrameTag* FrameArea::living() const noexcept {
  // [frame.tags] acquire: the tag is complete, and so are those behind it; pairs with count_started(). Others may still add some.
  const FrameTag* tag = tags_.load(acquire);
  // relaxed: for a message.
  while (tag != nullptr && tag->has_ended.load(relaxed)) tag = tag->next;
  return tag;
}

void FrameArea::join(FrameArena& arena, std::pmr::memory_resource* memory) {
  memory_ = memory;
  const std::lock_guard lock(arena.mutex_);
  arena_ = &arena;
  next_area_ = std::exchange(arena.areas_, this);
}

FrameArea::~FrameArea() {
  if (arena_ == nullptr) return;
  {
    const std::lock_guard lock(arena_->mutex_);
    for (FrameArea** at = &arena_->areas_; *at != nullptr; at = &(*at)->next_area_) {
      if (*at != this) continue;
      *at = next_area_;
      break;
    }
  }
  rewind();
  arena_->free_pages(joined(first_, large_kept_));
}

}  // namespace detail

using detail::FrameArea;
using detail::FramePage;
using detail::FrameTag;

FrameArena::FrameArena() { outside_.arena_ = this; }

FrameArena::~FrameArena() = default;

FrameArena& FrameArena::here() {
  const FrameArea* const area = detail::slot_frame_area();
  if (area == nullptr || area->arena() == nullptr) {
    throw UsageError("weft: FrameArena::here was called outside a runtime: call Runtime::frame, or do it in a task or job that a runtime runs");
  }
  return *area->arena();
}

// ---- blocks ----

void* FrameArena::allocate_slow(std::size_t bytes, std::size_t alignment) {
  constexpr std::size_t kMost = std::size_t{1} << 60;  // from here on nothing overflows
  WEFT_ASSERT((alignment & (alignment - 1)) == 0 && alignment != 0, "an alignment is a power of two");
  if (bytes > kMost || alignment > kMost) throw std::bad_alloc();
  FrameArea* const area = detail::slot_frame_area();
  if (area != nullptr && area->arena() == this) return allocate_in(*area, bytes, alignment, nullptr);
  std::unique_lock lock(mutex_);
  return allocate_in(outside_, bytes, alignment, &lock);
}

/// The allocator is called without the lock: it may be anybody's, and call anything.
void* FrameArena::allocate_in(FrameArea& area, std::size_t bytes, std::size_t alignment, std::unique_lock<std::mutex>* lock) {
  for (;;) {
    if (void* const block = area.try_take(bytes, alignment)) return block;
    if (lock != nullptr) lock->unlock();
    const std::size_t page_bytes = detail::needs_own_page(bytes, alignment) ? FramePage::bytes_for(bytes, alignment) : FramePage::kShared;
    FramePage* const page = FramePage::make(page_bytes, frame_, area.memory_);
    // relaxed: a statistic.
    reserved_bytes_.fetch_add(page->bytes, relaxed);
    if (lock != nullptr) lock->lock();
    area.add(page);
  }
}

/// In the library, because only one that AddressSanitizer knows takes the mark away when the memory is used anew.
void FrameArena::end_poisoned_block([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) noexcept {
#if WEFT_ASAN
  __asan_poison_memory_region(block, bytes);
#endif
}

void FrameArena::free_pages(FramePage* pages) noexcept {
  while (pages != nullptr) {
    FramePage* const page = std::exchange(pages, pages->next);
    // relaxed: a statistic.
    reserved_bytes_.fetch_sub(page->bytes, relaxed);
    FramePage::free(page);
  }
}

void* FrameArena::do_allocate(std::size_t bytes, std::size_t alignment) { return allocate(bytes, alignment); }

void FrameArena::do_deallocate(void* block, std::size_t bytes, std::size_t alignment) { deallocate(block, bytes, alignment); }

bool FrameArena::do_is_equal(const std::pmr::memory_resource& other) const noexcept { return this == &other; }

// ---- the end of a frame ----

void FrameArena::next_frame() noexcept {
  constexpr std::uint64_t kKeptFor = 64;   // frames
  constexpr std::uint64_t kTrimEach = 16;  // frames: to look at the pages costs something
  FramePage* idle = nullptr;
  {
    const std::lock_guard lock(mutex_);
    check_all_has_ended();
    ++frame_;
    const bool must_trim = frame_ % kTrimEach == 0 && frame_ > kKeptFor;
    const auto end_frame_of = [&](FrameArea& area) {
      area.rewind();
      if (must_trim) idle = detail::joined(area.take_idle(frame_ - kKeptFor), idle);
    };
    end_frame_of(outside_);
    for (FrameArea* area = areas_; area != nullptr; area = area->next_area_) end_frame_of(*area);
  }
  free_pages(idle);
}

void FrameArena::check_all_has_ended() const noexcept {
  // Ends first. What has started work that is counted here as ended, happens before: so the starts of the same work are seen below.
  // [frame.ended] acquire: pairs with count_ended() and work_ended_elsewhere().
  std::uint64_t ended = ended_elsewhere_.load(acquire);
  for (const FrameArea* area = areas_; area != nullptr; area = area->next_area_) ended += area->ended_.load(acquire);
  // relaxed: as above.
  std::uint64_t started = outside_.started_.load(relaxed);
  for (const FrameArea* area = areas_; area != nullptr; area = area->next_area_) started += area->started_.load(relaxed);
  if (started == ended) [[likely]] return;

  const FrameTag* living = outside_.living();
  for (const FrameArea* area = areas_; area != nullptr && living == nullptr; area = area->next_area_) living = area->living();
  std::array<char, 512> sentence{};
  const auto count = static_cast<unsigned long long>(started - ended);
  if (living == nullptr) {
    std::snprintf(sentence.data(), sentence.size(),
                  "next_frame was called before work of the frame had ended (%llu jobs or tasks): wait for it first; where it is spawned is known "
                  "if that code is compiled with internal checks",
                  count);
    detail::check_failed(__FILE__, __LINE__, sentence.data());
  }
  std::snprintf(sentence.data(), sentence.size(),
                "next_frame was called before work of the frame had ended (%llu jobs or tasks): wait for it first; one was spawned in %s", count,
                living->where.function_name());
  detail::check_failed(living->where.file_name(), static_cast<int>(living->where.line()), sentence.data());
}

void FrameArena::work_started_elsewhere(FrameTag* tag) noexcept {
  const std::lock_guard lock(mutex_);
  outside_.count_started(tag);
}

void FrameArena::work_ended_elsewhere() noexcept {
  // [frame.ended] release: as in FrameArea::count_ended().
  ended_elsewhere_.fetch_add(1, release);
}

}  // namespace weft::inline v0
