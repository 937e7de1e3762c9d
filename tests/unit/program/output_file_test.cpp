#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <thread>
#include <vector>

#include "program/input_error.hpp"
#include "program/interrupt_watch.hpp"
#include "program/output_file.hpp"
#include "support/subprocess.hpp"
#include "support/temporary_folder.hpp"

using namespace program;
using Catch::Matchers::Contains;
using weft_test::Ended;
using weft_test::in_child;
using weft_test::TemporaryFolder;

namespace {

std::vector<std::uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("an output file that is committed replaces the old one and keeps its mode") {
  const TemporaryFolder folder;
  const auto path = folder.write("a.png", "old");
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  OutputFile file(path);
  file.write(bytes_of("ne"));
  file.write(bytes_of("w"));
  CHECK(content_of(path) == "old");
  file.commit();
  CHECK(content_of(path) == "new");
  CHECK(folder.file_count() == 1);
  struct stat status = {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0640U);
}

TEST_CASE("an output file that is not committed leaves the old one as it was") {
  const TemporaryFolder folder;
  const auto path = folder.write("a.png", "old");
  {
    OutputFile file(path);
    file.write(bytes_of("half of the new o"));
    CHECK(folder.file_count() == 2);
  }
  CHECK(folder.file_count() == 1);
  CHECK(content_of(path) == "old");
}

TEST_CASE("an output file may have the longest name there is") {
  const TemporaryFolder folder;
  OutputFile file(folder / std::string(255, 'a'));
  file.commit();
  CHECK(folder.file_count() == 1);
}

TEST_CASE("places that take no file are refused before anything is written") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(check_writable(folder / "none/a.png"), Contains("No such file or directory"));
  CHECK_THROWS_WITH(check_writable(folder / ""), Contains("it is no name for a file"));
  CHECK_THROWS_WITH(check_writable(folder / "."), Contains("it is a directory"));
  CHECK_THROWS_WITH(check_writable("/dev/full"), Contains("not a regular file"));
  check_writable(folder / "a.png");
  CHECK(folder.file_count() == 0);
}

TEST_CASE("a file that may not grow is a sentence and leaves nothing behind") {
  const TemporaryFolder folder;
  const Ended ended = in_child([&folder] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit few_bytes{100, 100};
    ::setrlimit(RLIMIT_FSIZE, &few_bytes);
    try {
      OutputFile file(folder / "a.png");
      file.write(std::vector<std::uint8_t>(200));
    } catch (const InputError& error) {
      return std::strstr(error.what(), "File too large") != nullptr ? 0 : 1;
    }
    return 2;
  });
  CHECK(ended.status == 0);
  CHECK(folder.file_count() == 0);
}

TEST_CASE("the first signal asks to stop, the second ends the program without a trace of files") {
  for (const auto& [first, second] :
       {std::pair{SIGINT, SIGINT}, std::pair{SIGTERM, SIGHUP}, std::pair{SIGHUP, SIGTERM}}) {
    const TemporaryFolder folder;
    const auto path = folder.write("old.png", "old");
    const Ended ended = in_child([&, first = first, second = second] {
      for (const int signal : {SIGHUP, SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
      const InterruptWatch interrupts(remove_unfinished_files);
      OutputFile a(folder / "a.png");
      OutputFile b(path);
      a.write(bytes_of("half"));
      b.write(bytes_of("half"));
      if (interrupts.stop_token().stop_requested()) return 1;
      ::kill(::getpid(), first);
      while (!interrupts.stop_token().stop_requested()) std::this_thread::yield();
      if (interrupts.caught() != first) return 1;
      ::kill(::getpid(), second);
      // Files that come and go meanwhile are not left behind either.
      while (true) check_writable(folder / "c.png");
      return 2;
    });
    CHECK(ended.signal == second);
    CHECK(folder.file_count() == 1);
    CHECK(content_of(path) == "old");
  }
}

TEST_CASE("a watch that ends lets signals be what they were") {
  const Ended ended = in_child([] {
    std::signal(SIGHUP, SIG_IGN);
    for (int i = 0; i < 100; ++i) {
      const InterruptWatch interrupts([] {});
      ::kill(::getpid(), SIGHUP);
      if (interrupts.caught() != 0) return 1;
    }
    ::kill(::getpid(), SIGTERM);
    return 2;
  });
  CHECK(ended.signal == SIGTERM);
}
