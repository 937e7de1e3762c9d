#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/backends.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace fs = std::filesystem;
namespace io = weft::io;
using weft::Runtime;
using weft::Task;
using weft_test::SeededRandom;
using weft_test::TemporaryFolder;

namespace {

Task<std::vector<std::string>> paths_below(std::string path, io::WalkOptions options) {
  std::vector<std::string> paths;
  io::DirectoryWalk walk = io::walk(std::move(path), std::move(options));
  for (;;) {
    const std::optional<io::DirectoryEntry> entry = co_await walk.next();
    if (!entry) break;
    paths.push_back(entry->path);
  }
  co_return paths;
}

std::vector<std::string> sorted(std::vector<std::string> paths) {
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// A tree with about so many files, directories and links.
void make_tree(const fs::path& root, int count) {
  SeededRandom random(3);
  std::vector<fs::path> directories{root};
  for (int i = 0; i < count; ++i) {
    std::string name = std::to_string(i);
    if (random.one_in(9)) name += " \n\xff";
    const fs::path path = directories[random.below(directories.size())] / name;
    switch (random.below(4)) {
      case 0:
        fs::create_directory(path);
        directories.push_back(path);
        break;
      case 1: fs::create_symlink(random.one_in(2) ? "none" : "..", path); break;
      default: std::ofstream(path) << i;
    }
  }
}

std::vector<std::string> expected_below(const fs::path& root) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(root)) paths.push_back(entry.path());
  return sorted(std::move(paths));
}

}  // namespace

TEST_CASE("a walk finds what the standard library finds, each thing once") {
  const TemporaryFolder folder;
  const fs::path root = folder / "tree";
  fs::create_directory(root);
  make_tree(root, 2000);
  Runtime rt{{.workers = 2}};
  CHECK(sorted(rt.run(paths_below(root, {}))) == expected_below(root));
  CHECK(weft::sync_wait(paths_below(root / "none", {.on_unreadable = [](const std::system_error&) {}})).empty());
  const fs::path empty = folder / "empty";
  fs::create_directory(empty);
  CHECK(rt.run(paths_below(empty, {})).empty());
}

TEST_CASE("a sorted walk gives the names of each directory in order, and each directory before what is in it") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "tree/b/d");
  for (const char* const name : {"tree/c", "tree/b/z", "tree/b/d/x", "tree/b-", "tree/a"}) folder.write(name, "");
  const std::string root = folder / "tree";
  Runtime rt{{.workers = 1}};
  const std::vector<std::string> expected{root + "/a", root + "/b", root + "/b/d", root + "/b/d/x", root + "/b/z", root + "/b-", root + "/c"};
  CHECK(rt.run(paths_below(root, {.is_sorted = true})) == expected);
  CHECK(rt.run(paths_below(root + "/", {.is_sorted = true})) == expected);
  const std::vector<std::string> upper{root + "/a", root + "/b", root + "/b-", root + "/c"};
  CHECK(rt.run(paths_below(root, {.max_depth = 0, .is_sorted = true})) == upper);
  CHECK(rt.run(paths_below(root, {.max_depth = 1})).size() == 6);
}

TEST_CASE("an entry has its kind and its depth, and links are followed only if that was asked for") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "tree/deep");
  folder.write("tree/deep/file", "x");
  fs::create_symlink("deep", folder / "tree/link");
  fs::create_symlink("..", folder / "tree/deep/up");
  fs::create_symlink("none", folder / "tree/nowhere");
  const std::string root = folder / "tree";
  const auto kinds = [&](bool follow_links) -> Task<std::string> {
    std::string text;
    io::DirectoryWalk walk = io::walk(root, {.follow_links = follow_links, .is_sorted = true});
    for (;;) {
      const std::optional<io::DirectoryEntry> entry = co_await walk.next();
      if (!entry) break;
      text += entry->path.substr(root.size());
      if (entry->kind == io::FileKind::Regular) text += " f";
      if (entry->kind == io::FileKind::Directory) text += " d";
      if (entry->kind == io::FileKind::Link) text += " l";
      text += std::to_string(entry->depth);
      text += "\n";
    }
    co_return text;
  };
  Runtime rt{{.workers = 1}};
  CHECK(rt.run([&]() -> Task<std::string> { co_return co_await kinds(false); }) == "/deep d0\n/deep/file f1\n/deep/up l1\n/link l0\n/nowhere l0\n");
  // Not into what it is in already.
  CHECK(rt.run([&]() -> Task<std::string> { co_return co_await kinds(true); }) ==
        "/deep d0\n/deep/file f1\n/deep/up d1\n/link d0\n/link/file f1\n/link/up d1\n/nowhere l0\n");
}

TEST_CASE("a directory that cannot be read is an error that names it, or is passed over") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "tree/a");
  fs::create_directories(folder / "tree/b");
  fs::create_directories(folder / "tree/c");
  folder.write("tree/c/file", "");
  const std::string root = folder / "tree";
  const std::string text = "weft: walk of '" + root + "/b': No such file or directory";
  Runtime rt{{.workers = 1}};
  // It is gone when the walk has seen it, but has not gone into it yet.
  const auto go = [&](io::WalkOptions options) -> Task<std::string> {
    std::string found;
    io::DirectoryWalk walk = io::walk(root, std::move(options));
    for (;;) {
      std::optional<io::DirectoryEntry> entry;
      try {
        entry = co_await walk.next();
      } catch (const std::system_error& error) {
        found += std::string(error.what()) + "; ";
        continue;
      }
      if (!entry) break;
      found += entry->path.substr(root.size()) + "; ";
      if (entry->path == root + "/b") fs::remove(entry->path);
    }
    co_return found;
  };
  CHECK(rt.run([&]() -> Task<std::string> { co_return co_await go({.is_sorted = true}); }) == "/a; /b; " + text + "; /c; /c/file; ");
  fs::create_directory(folder / "tree/b");
  std::string reported;
  io::WalkOptions lenient{.is_sorted = true};
  lenient.on_unreadable = [&](const std::system_error& error) { reported = error.what(); };
  CHECK(rt.run([&]() -> Task<std::string> { co_return co_await go(lenient); }) == "/a; /b; /c; /c/file; ");
  CHECK(reported == text);
  const std::string file = folder.write("file", "");
  CHECK_THROWS_WITH(rt.run(paths_below(file, {})), "weft: walk of '" + file + "': Not a directory");
}

TEST_CASE("a walk ends when its task is asked to stop, and goes on a fiber too") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "tree/a/b/c");
  const std::string root = folder / "tree";
  Runtime rt{{.workers = 1}};
  const auto stop = [&](weft::TaskGroup& group) -> Task<> {
    group.request_stop();
    co_await paths_below(root, {});
  };
  CHECK_THROWS_AS(rt.run([&]() -> Task<> { co_await weft::with_task_group(stop); }), weft::OperationCancelled);
  const auto on_fiber = [&]() -> Task<int> {
    const auto count = [&] {
      io::DirectoryWalk walk = io::walk(root);
      int found = 0;
      while (weft::this_fiber::await(walk.next())) ++found;
      return found;
    };
    co_return co_await weft::on_fiber(count);
  };
  CHECK(rt.run(on_fiber) == 3);
}
