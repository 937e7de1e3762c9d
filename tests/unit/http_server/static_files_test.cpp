#include <catch2/catch.hpp>

#include "static_files.hpp"

#include "program/input_error.hpp"
#include "support/refused_call.hpp"
#include "support/skip.hpp"
#include "support/subprocess.hpp"
#include "support/temporary_folder.hpp"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

using http_server::StaticFiles;
using weft_test::in_child;

namespace {

constexpr int kNoFilter = 77;

}  // namespace

TEST_CASE("a folder is not served where the kernel cannot keep clients in it, and the sentence says what is missing") {
  const weft_test::TemporaryFolder folder;
  const std::string path = folder.write("file", "text").parent_path().string();
  for (const int error : {ENOSYS, EPERM}) {
    CAPTURE(error);
    const auto ended = in_child([&] {
      if (!weft_test::refuse_call(SYS_openat2, error)) return kNoFilter;
      try {
        const StaticFiles files(path);
      } catch (const program::InputError& why) {
        std::fputs(why.what(), stderr);
        return 2;
      }
      return 0;
    });
    if (ended.status == kNoFilter) {
      weft_test::skip("no seccomp filter here, so nothing is refused");
      return;
    }
    CHECK(ended.status == 2);
    CHECK(ended.said.find(path + ": openat2 does not work here") == 0);
  }
}

TEST_CASE("what is no file is not found, and a system that cannot open one says so") {
  const weft_test::TemporaryFolder folder;
  const std::string path = folder.write("file", "text").parent_path().string();
  REQUIRE(::mkfifo((path + "/fifo").c_str(), 0600) == 0);
  const StaticFiles files(path);
  CHECK(files.open("/file").has_value());
  for (const char* none : {"/none", "/file/below", "/fifo", "/../file", "//etc/passwd"}) {
    CAPTURE(none);
    CHECK_FALSE(files.open(none).has_value());
  }
  CHECK_FALSE(files.open("/" + std::string(5000, 'x')).has_value());
  const auto ended = in_child([&] {
    if (!weft_test::refuse_call(SYS_openat2, EIO)) return kNoFilter;
    try {
      static_cast<void>(files.open("/file"));
    } catch (const std::system_error& error) {
      return error.code() == std::errc::io_error ? 2 : 1;
    }
    return 0;
  });
  if (ended.status == kNoFilter) {
    weft_test::skip("no seccomp filter here, so nothing is refused");
    return;
  }
  CHECK(ended.status == 2);
}
