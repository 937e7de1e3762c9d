/// @file
/// SHA-256 by OpenSSL.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace file_tree_hash {

/// Hashes one thing after another. Threads: one at a time.
class Sha256 {
 public:
  /// Errors: std::runtime_error if OpenSSL will not do it.
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  /// Begins anew. Errors: as the constructor, and so have these.
  void start();
  void add(std::span<const std::byte> bytes);
  /// The hash of what was added since start(), in 64 hexadecimal digits.
  [[nodiscard]] std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace file_tree_hash
