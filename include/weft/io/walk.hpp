/// @file
/// io::walk: all that is below a directory.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <weft/base/error.hpp>
#include <weft/base/platform.hpp>
#include <weft/coro/blocking.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/task_promise.hpp>
#include <weft/io/file_info.hpp>

namespace weft::inline v0::io {

struct DirectoryEntry {
  std::string path;  ///< that of the walk, a slash, and what is below it
  FileKind kind = FileKind::Unknown;
  std::size_t depth = 0;  ///< directories between: 0 for what is in the directory itself
};

/// How a walk goes: `{.is_sorted = true}`.
struct WalkOptions {
  /// Goes into directories that symbolic links lead to, but not into one in which it is; and says the kind of what they lead to.
  bool follow_links = false;
  /// What is deeper is left out.
  std::size_t max_depth = ~std::size_t{0};
  /// In the order of the names' bytes within each directory; otherwise as the file system has them.
  bool is_sorted = false;
  /// Is told of directories that cannot be read, which are passed over; without it next() throws. It is called on the thread's own stack, while the
  /// worker is marked as blocked: it should be short, and throw nothing.
  std::function<void(const std::system_error&)> on_unreadable = {};
};

/// What is below a directory, one entry after another, each directory before what is in it.
///
/// Threads:  one at a time.
/// Lifetime: stays where it is while next() is awaited.
/// Cost:     the entries of the directories that it is in are in memory, each directory as a whole; no descriptor is open between two calls.
/// Example:  samples/file_tree_hash
class DirectoryWalk {
 public:
  class Next;

  /// Reads nothing yet.
  explicit DirectoryWalk(std::string path, WalkOptions options = {}) : root_(std::move(path)), options_(std::move(options)) {}

  /// The next entry, or nothing at the end: `const std::optional<io::DirectoryEntry> entry = co_await walk.next()`.
  ///
  /// Threads:  a coroutine; on a fiber, this_fiber::await(walk.next()).
  /// Resumes:  on the same worker, without having been suspended: a directory is read by calls that are marked as blocking.
  /// Errors:   std::system_error, "weft: walk of 'directory': ...", when one cannot be read, also one whose path is longer than Linux takes, 4095
  ///           bytes ("File name too long"); the next call goes on behind it. OperationCancelled when the task has been asked to stop and a
  ///           directory is to be read. std::bad_alloc.
  /// Cost:     of most calls a move. The others read a directory as a whole.
  Next next() noexcept;

 private:
  struct Child {
    std::string name;
    FileKind kind = FileKind::Unknown;
  };
  /// A directory in which the walk is.
  struct Level {
    std::string path;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::vector<Child> children;
    std::size_t next = 0;
  };

  /// Whether the next entry is known already.
  [[nodiscard]] bool is_known() const noexcept { return has_begun_ && !is_to_enter_ && (levels_.empty() || has_child(levels_.back())); }
  [[nodiscard]] static bool has_child(const Level& level) noexcept { return level.next < level.children.size(); }
  /// Reads directories until it is, by calls that may block.
  WEFT_API void look();
  [[nodiscard]] WEFT_API std::optional<DirectoryEntry> take();

  void enter(std::string path);
  [[nodiscard]] Level read(std::string path, bool is_root) const;
  [[nodiscard]] bool is_inside(const Level& level) const noexcept;
  [[nodiscard]] FileKind kind_of(int directory, const char* name, unsigned char type) const noexcept;
  [[nodiscard]] std::string path_of(const Level& level, const Child& child) const;

  const std::string root_;
  const WalkOptions options_;
  std::vector<Level> levels_;
  bool has_begun_ = false;
  bool is_to_enter_ = false;  // the directory that was given last
};

/// What `co_await walk.next()` waits with. It is the same in each mode of transfer: it hands the thread to nobody.
class [[nodiscard("co_await it")]] DirectoryWalk::Next {
 public:
  explicit Next(DirectoryWalk& walk) noexcept : walk_(walk) {}
  [[nodiscard]] bool await_ready() const noexcept { return walk_.is_known(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    const StopScope* const scope = detail::PromiseBase::scope_of(self);
    if (scope != nullptr && scope->stop_requested()) throw OperationCancelled();
    const BlockingSection section;
    walk_.look();
    return false;
  }
  [[nodiscard]] std::optional<DirectoryEntry> await_resume() { return walk_.take(); }

 private:
  DirectoryWalk& walk_;
};

inline DirectoryWalk::Next DirectoryWalk::next() noexcept { return Next(*this); }

/// Walks through all that is below a directory: `io::DirectoryWalk walk = io::walk(path)`. Symbolic links are entries; they are not followed, but for
/// the path itself.
[[nodiscard]] inline DirectoryWalk walk(std::string path, WalkOptions options = {}) { return DirectoryWalk(std::move(path), std::move(options)); }

}  // namespace weft::inline v0::io
