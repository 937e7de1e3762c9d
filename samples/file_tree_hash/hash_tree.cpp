#include "hash_tree.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <optional>
#include <span>
#include <system_error>
#include <tuple>
#include <utility>

#include "sha256.hpp"

namespace file_tree_hash {
namespace {

namespace io = weft::io;
using weft::Task;

/// What fits in here is read by one operation into memory that each lane has anyhow.
constexpr std::size_t kSmallFile = 64 * 1024;

struct Mistake {
  std::string path;
  std::string sentence;
};

std::string sentence_about(const std::string& path, const std::error_code& error) {
  return path + ": it cannot be read: " + error.message();
}

class TreeHash {
 public:
  TreeHash(std::vector<std::string> paths, unsigned lanes, Progress& progress)
      : paths_(std::move(paths)), lanes_(lanes), progress_(progress) {}

  /// Finds all, then hashes it in lanes, which are children of the group.
  Task<> run(weft::TaskGroup& group) {
    for (const std::string& path : paths_) co_await find(path);
    std::sort(found_.begin(), found_.end());
    // A file that two of the paths lead to is there twice, as it would be for sha256sum.
    hashes_.resize(found_.size());
    const std::size_t lanes = std::min<std::size_t>(lanes_, found_.size());
    for (std::size_t i = 0; i < lanes; ++i) group.spawn(lane());
  }

  /// Pre: run(), and all children of its group, have ended.
  [[nodiscard]] HashedTree take() {
    HashedTree tree;
    for (std::size_t i = 0; i < found_.size(); ++i) {
      if (hashes_[i].error) {
        mistakes_.push_back({found_[i], sentence_about(found_[i], hashes_[i].error)});
      } else {
        tree.files.push_back({std::move(found_[i]), std::move(hashes_[i].text)});
      }
    }
    std::sort(mistakes_.begin(), mistakes_.end(),
              [](const Mistake& a, const Mistake& b) { return std::tie(a.path, a.sentence) < std::tie(b.path, b.sentence); });
    for (Mistake& mistake : mistakes_) tree.errors.push_back(std::move(mistake.sentence));
    return tree;
  }

 private:
  struct Hash {
    std::string text;
    std::error_code error;
  };

  Task<> find(const std::string& path) {
    const io::IoResult<io::FileInfo> info = co_await io::stat(path).or_error();
    if (!info) {
      mistakes_.push_back({path, sentence_about(path, info.error())});
    } else if ((*info).kind == io::FileKind::Directory) {
      co_await find_below(path);
    } else {
      add(path, (*info).size);
    }
  }

  Task<> find_below(const std::string& path) {
    io::WalkOptions options;
    options.on_unreadable = [this](const std::system_error& error) {
      // "weft: walk of 'folder': ..." says where it is.
      mistakes_.push_back({error.what(), std::string(error.what()).substr(6)});
    };
    io::DirectoryWalk walk(path, std::move(options));
    for (;;) {
      const std::optional<io::DirectoryEntry> entry = co_await walk.next();
      if (!entry) break;
      if (entry->kind != io::FileKind::Regular) continue;
      std::uint64_t size = 0;
      if (progress_.is_shown()) {
        const io::IoResult<io::FileInfo> info = co_await io::stat(entry->path).or_error();
        if (info) size = (*info).size;
      }
      add(entry->path, size);
    }
  }

  void add(const std::string& path, std::uint64_t size) {
    found_.push_back(path);
    progress_.found_file(size);
  }

  /// Hashes files until none is left.
  Task<> lane() {
    Sha256 sha;
    io::AlignedBuffer buffer(kSmallFile);
    for (;;) {
      // relaxed: each number is given out once; the files were there before.
      const std::size_t i = begun_.fetch_add(1, std::memory_order_relaxed);
      if (i >= found_.size()) co_return;
      try {
        std::string text = co_await hash(found_[i], sha, buffer.bytes());
        hashes_[i].text = std::move(text);
      } catch (const std::system_error& error) {
        hashes_[i].error = error.code();
      }
      progress_.hashed_file();
    }
  }

  Task<std::string> hash(const std::string& path, Sha256& sha, std::span<std::byte> buffer) {
    io::File file = co_await io::File::open(path);
    sha.start();
    // Of a pipe, which has no offsets, the reader reads all.
    const io::IoResult<std::size_t> first = co_await file.read_at(buffer, 0).or_error();
    const std::size_t count = first ? *first : 0;
    add(sha, buffer.first(count));
    if (!first || count == buffer.size()) {
      const auto read_rest = [&](io::FileReader& reader) -> Task<> {
        for (;;) {
          const std::span<const std::byte> block = co_await reader.next();
          if (block.empty()) break;
          add(sha, block);
        }
      };
      co_await io::with_file_reader(file, {.offset = count}, read_rest);
    } else if (count > 0) {
      co_await add_rest(file, sha, buffer, count);
    }
    co_await file.close();
    co_return sha.finish();
  }

  /// Of a file that had less than the buffer takes: mostly that was all of it.
  Task<> add_rest(const io::File& file, Sha256& sha, std::span<std::byte> buffer,
                  std::uint64_t offset) {
    for (;;) {
      const std::size_t count = co_await file.read_all_at(buffer, offset);
      if (count == 0) break;
      add(sha, buffer.first(count));
      offset += count;
    }
  }

  void add(Sha256& sha, std::span<const std::byte> bytes) {
    sha.add(bytes);
    progress_.hashed_bytes(bytes.size());
  }

  const std::vector<std::string> paths_;
  const unsigned lanes_;
  Progress& progress_;
  // ---- by run(), before there are lanes ----
  std::vector<std::string> found_;
  std::vector<Mistake> mistakes_;
  // ---- by lanes, each its own elements ----
  std::vector<Hash> hashes_;
  std::atomic<std::size_t> begun_{0};  // of found_
};

}  // namespace

Task<HashedTree> hash_tree(std::vector<std::string> paths, unsigned lanes, Progress& progress,
                           std::stop_token stop) {
  TreeHash tree(std::move(paths), lanes, progress);
  const auto body = [&](weft::TaskGroup& group) -> Task<> {
    const std::stop_callback pass_on(stop, [&group] { group.request_stop(); });
    co_await tree.run(group);
    // The group is not joined before this body ends, and the request is passed on until then.
    co_await group.join();
  };
  co_await weft::with_task_group(body);
  co_return tree.take();
}

}  // namespace file_tree_hash
