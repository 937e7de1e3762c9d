/// @file
/// Objects in the memory of a std::pmr::memory_resource, with an owner.
#pragma once

#include <memory>
#include <memory_resource>
#include <utility>

namespace weft::inline v0 {

struct DestroyOn {
  std::pmr::memory_resource* memory = nullptr;

  template <class T>
  void operator()(T* object) const noexcept {
    std::pmr::polymorphic_allocator<>(memory).delete_object(object);
  }
};

template <class T>
using MadeOn = std::unique_ptr<T, DestroyOn>;

/// @param memory  null: the ordinary allocator
/// Errors: std::bad_alloc, and what the constructor throws.
template <class T, class... Args>
[[nodiscard]] MadeOn<T> make_on(std::pmr::memory_resource* memory, Args&&... args) {
  if (memory == nullptr) memory = std::pmr::new_delete_resource();
  return MadeOn<T>(std::pmr::polymorphic_allocator<>(memory).new_object<T>(std::forward<Args>(args)...), DestroyOn{memory});
}

}  // namespace weft::inline v0
