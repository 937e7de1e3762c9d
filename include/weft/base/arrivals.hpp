/// @file
/// A list to which anybody pushes in front, in the order in which they came.
#pragma once

namespace weft::inline v0 {

/// Turns a list round that begins with whoever came last.
///
/// @return  whoever came first, or null
template <class Node>
[[nodiscard]] Node* in_order_of_arrival(Node* newest) noexcept {
  Node* oldest = nullptr;
  while (newest != nullptr) {
    Node* const older = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = older;
  }
  return oldest;
}

}  // namespace weft::inline v0
