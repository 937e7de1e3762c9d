#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "io/faults.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/file_support.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace fs = std::filesystem;
namespace io = weft::io;
using weft::IoBackend;
using weft::Runtime;
using weft::Task;
using weft_test::TemporaryFolder;

namespace {

/// What it throws, as a text; nothing: "none".
template <class Make>
std::string error_text(Runtime& rt, Make make) {
  const auto attempt = [&]() -> Task<std::string> {
    std::string text = "none";
    try {
      co_await make();
    } catch (const std::system_error& error) {
      text = error.what();
    }
    co_return text;
  };
  return rt.run(attempt);
}

}  // namespace

TEST_CASE("stat tells of a file what the C library tells") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", "0123456789");
  fs::create_symlink("file", folder / "link");
  struct stat expected {};
  REQUIRE(::stat(path.c_str(), &expected) == 0);
  with_each_backend([&](Runtime& rt) {
    const auto ask = [&](std::string of, io::Links links) {
      return rt.run([&]() -> Task<io::FileInfo> {
        const io::FileInfo info = co_await io::stat(of, links);
        co_return info;
      });
    };
    const io::FileInfo info = ask(folder / "link", io::Links::Follow);
    CHECK(info.size == 10);
    CHECK(info.kind == io::FileKind::Regular);
    CHECK(info.permissions == (expected.st_mode & 07777U));
    CHECK(info.links == 1);
    CHECK(info.inode == expected.st_ino);
    CHECK(info.device == expected.st_dev);
    CHECK(info.user == expected.st_uid);
    CHECK(info.group == expected.st_gid);
    CHECK(info.allocated == static_cast<std::uint64_t>(expected.st_blocks) * 512);
    CHECK(info.modified.time_since_epoch().count() == expected.st_mtim.tv_sec * 1'000'000'000LL + expected.st_mtim.tv_nsec);
    CHECK(info.direct_alignment() >= 1);
    CHECK(ask(folder / "link", io::Links::Keep).kind == io::FileKind::Link);
    CHECK(ask("/", io::Links::Follow).kind == io::FileKind::Directory);
    CHECK(ask("/dev/null", io::Links::Follow).kind == io::FileKind::CharacterDevice);
    const std::string missing = folder / "none";
    CHECK(error_text(rt, [&] { return io::stat(missing); }) == "weft: stat of '" + missing + "': No such file or directory");
    const auto there = [&]() -> Task<bool> {
      const auto result = co_await io::stat(missing).or_error();
      co_return result.has_value();
    };
    CHECK_FALSE(rt.run(there));
  });
}

TEST_CASE("files are renamed and removed, and errors name both names") {
  with_each_backend([&](Runtime& rt) {
    const TemporaryFolder folder;
    const std::string one = folder.write("one", "1");
    const std::string two = folder.write("two", "2");
    const auto nothing_replaced = error_text(rt, [&] { return io::rename(one, two, io::Replace::No); });
    CHECK(nothing_replaced == "weft: rename of '" + one + "' to '" + two + "': File exists");
    CHECK(error_text(rt, [&] { return io::rename(one, two); }) == "none");
    CHECK(rt.run(io::read_file(two)) == "1");
    CHECK_FALSE(fs::exists(one));
    CHECK(error_text(rt, [&] { return io::remove(two); }) == "none");
    CHECK_FALSE(fs::exists(two));
    CHECK(error_text(rt, [&] { return io::remove(two); }) == "weft: remove of '" + two + "': No such file or directory");
    const auto again = [&]() -> Task<std::error_code> {
      const auto result = co_await io::remove(two).or_error();
      co_return result.error();
    };
    CHECK(rt.run(again) == std::errc::no_such_file_or_directory);
    const auto twice = [&]() -> Task<std::error_code> {
      const auto result = co_await io::rename(one, two).or_error();
      co_return result.error();
    };
    CHECK(rt.run(twice) == std::errc::no_such_file_or_directory);
  });
}

TEST_CASE("directories are made with those above them, and removed when they are empty") {
  with_each_backend([&](Runtime& rt) {
    const TemporaryFolder folder;
    const std::string deep = folder / "a/b//c/d/";
    CHECK(error_text(rt, [&] { return io::make_directory(deep); }) == "weft: make directory of '" + deep + "': No such file or directory");
    CHECK(error_text(rt, [&] { return io::make_directories(deep); }) == "none");
    CHECK(fs::is_directory(deep));
    CHECK(error_text(rt, [&] { return io::make_directories(deep); }) == "none");
    CHECK(error_text(rt, [&] { return io::make_directories("/"); }) == "none");
    CHECK(error_text(rt, [&] { return io::make_directory(folder / "a"); }) != "none");
    CHECK(error_text(rt, [&] { return io::remove_directory(folder / "a"); }) ==
          "weft: remove of '" + (folder / "a").string() + "': Directory not empty");
    CHECK(error_text(rt, [&] { return io::remove_directory(deep); }) == "none");
    CHECK_FALSE(fs::exists(deep));
    const std::string file = folder.write("file", "");
    CHECK(error_text(rt, [&] { return io::make_directories(file); }) == "weft: make directory of '" + file + "': File exists");
    CHECK(error_text(rt, [&] { return io::make_directories(file + "/x/y"); }) == "weft: make directory of '" + file + "/x/y': Not a directory");
    const fs::path before = fs::current_path();
    fs::current_path(folder / "a");
    CHECK(error_text(rt, [&] { return io::make_directories("x/y"); }) == "none");
    CHECK(error_text(rt, [&] { return io::make_directories(""); }) == "weft: make directory of '': No such file or directory");
    CHECK(fs::is_directory("x/y"));
    fs::current_path(before);
  });
}

TEST_CASE("a file that has no room for all of what is written as a whole is an error, and atomically there is none") {
  with_each_backend([&](Runtime& rt) {
    const TemporaryFolder folder;
    const std::string text(3000, 'x');
    const LongestFile limit(1000);
    for (const bool is_atomic : {true, false}) {
      const auto refused = error_text(rt, [&] { return io::write_file(folder / "file", text, {.atomically = is_atomic}); });
      CHECK(refused.find("File too large") != std::string::npos);
      CHECK(folder.file_count() == (is_atomic ? 0 : 1));
    }
  });
}

TEST_CASE("what is to be on the disk is, with its name in the directory") {
  class Syncs final : public weft::detail::IoFaults {
   public:
    Syncs() { use(this); }
    ~Syncs() override { use(nullptr); }
    std::optional<std::int32_t> ended(const weft::detail::IoRequest& request) override {
      if (request.code == weft::detail::IoCode::Fsync) of.push_back(fs::read_symlink("/proc/self/fd/" + std::to_string(request.fd)).string());
      return std::nullopt;
    }

    std::vector<std::string> of;
  };
  with_each_backend([&](Runtime& rt) {
    const TemporaryFolder folder;
    const std::string path = folder / "file";
    const std::string directory = fs::canonical(fs::path(path).parent_path()).string();
    Syncs syncs;
    rt.run(io::write_file(path, "text", {.sync = true}));
    CHECK(syncs.of == std::vector<std::string>{fs::path(directory) / "file", directory});
    syncs.of.clear();
    const auto write = [](io::FileWriter& writer) -> Task<> { co_await writer.write("text"); };
    rt.run(io::with_file_writer(path, {.sync = true}, write));
    CHECK(syncs.of == std::vector<std::string>{fs::path(directory) / "file", directory});
    syncs.of.clear();
    rt.run(io::write_file(path, "text", {.atomically = true, .sync = true}));
    CHECK(syncs.of.size() == 2);
    CHECK(syncs.of.back() == directory);
  });
}

TEST_CASE("a file is written as a whole, and atomically leaves no other name") {
  with_each_backend([&](Runtime& rt) {
    const TemporaryFolder folder;
    const std::string path = folder / "file";
    rt.run(io::write_file(path, "a longer text"));
    CHECK(rt.run(io::read_file(path)) == "a longer text");
    rt.run(io::write_file(path, "short", {.sync = true}));
    CHECK(rt.run(io::read_file(path)) == "short");
    rt.run(io::write_file(path, "whole", {.atomically = true, .sync = true}));
    CHECK(rt.run(io::read_file(path)) == "whole");
    rt.run(io::write_file(path, "", {.atomically = true}));
    CHECK(rt.run(io::read_file(path)).empty());
    CHECK(folder.file_count() == 1);
    fs::create_directory(folder / "directory");
    const auto refused = error_text(rt, [&] { return io::write_file(folder / "directory", "x", {.atomically = true}); });
    CHECK(refused.find("weft: rename of '") == 0);
    CHECK(refused.find("Is a directory") != std::string::npos);
    CHECK(folder.file_count() == 2);
    CHECK(error_text(rt, [&] { return io::write_file("/dev/full", "x"); }) == "weft: write of '/dev/full': No space left on device");
    const auto nowhere = error_text(rt, [&] { return io::write_file(folder / "none/file", "x", {.atomically = true}); });
    CHECK(nowhere.find("weft: open of '") == 0);
  });
}
