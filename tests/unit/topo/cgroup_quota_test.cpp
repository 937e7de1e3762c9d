#include <catch2/catch.hpp>
#include <weft/topo/available_cpus.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace fs = std::filesystem;

namespace {

/// A made-up /proc/self/cgroup and /sys/fs/cgroup.
class FakeCgroups {
 public:
  FakeCgroups() : root_(fs::temp_directory_path() / ("weft_cgroup_test_" + std::to_string(::getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_ / "cgroup");
  }
  FakeCgroups(const FakeCgroups&) = delete;
  FakeCgroups& operator=(const FakeCgroups&) = delete;
  ~FakeCgroups() { fs::remove_all(root_); }

  void self(const std::string& text) const { std::ofstream(root_ / "self") << text; }
  void file(const std::string& path, const std::string& text) const {
    const fs::path at = root_ / "cgroup" / path;
    fs::create_directories(at.parent_path());
    std::ofstream(at) << text;
  }
  [[nodiscard]] double quota() const {
    return weft::cgroup_cpu_quota((root_ / "self").string(), (root_ / "cgroup").string());
  }

 private:
  fs::path root_;
};

}  // namespace

TEST_CASE("cgroup v2: cpu.max of the process's group is its quota") {
  const FakeCgroups cgroups;
  cgroups.self("0::/system.slice/job.service\n");
  cgroups.file("system.slice/job.service/cpu.max", "150000 100000\n");
  CHECK(cgroups.quota() == Approx(1.5));
}

TEST_CASE("cgroup v2: max is no quota") {
  const FakeCgroups cgroups;
  cgroups.self("0::/job\n");
  cgroups.file("job/cpu.max", "max 100000\n");
  CHECK(cgroups.quota() == 0);
}

TEST_CASE("cgroup v2: the smallest quota on the way to the root counts") {
  const FakeCgroups cgroups;
  cgroups.self("0::/a/b/c\n");
  cgroups.file("a/b/c/cpu.max", "400000 100000\n");
  cgroups.file("a/b/cpu.max", "max 100000\n");
  cgroups.file("a/cpu.max", "50000 100000\n");
  CHECK(cgroups.quota() == Approx(0.5));
}

TEST_CASE("cgroup v2: a container that sees only its own group has its quota at the root") {
  const FakeCgroups cgroups;
  cgroups.self("0::/docker/0123456789abcdef\n");
  cgroups.file("cpu.max", "200000 100000\n");
  CHECK(cgroups.quota() == Approx(2.0));
  cgroups.self("0::/\n");
  CHECK(cgroups.quota() == Approx(2.0));
}

TEST_CASE("cgroup v1: quota and period of the cpu controller") {
  const FakeCgroups cgroups;
  cgroups.self("12:memory:/job\n4:cpu,cpuacct:/job\n1:name=systemd:/job\n");
  cgroups.file("cpu,cpuacct/job/cpu.cfs_quota_us", "250000\n");
  cgroups.file("cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  CHECK(cgroups.quota() == Approx(2.5));
}

TEST_CASE("cgroup v1: a quota of -1 is none, and one further up counts") {
  const FakeCgroups cgroups;
  cgroups.self("4:cpu:/a/b\n");
  cgroups.file("cpu/a/b/cpu.cfs_quota_us", "-1\n");
  cgroups.file("cpu/a/b/cpu.cfs_period_us", "100000\n");
  CHECK(cgroups.quota() == 0);
  cgroups.file("cpu/a/cpu.cfs_quota_us", "100000\n");
  cgroups.file("cpu/a/cpu.cfs_period_us", "100000\n");
  CHECK(cgroups.quota() == Approx(1.0));
}

TEST_CASE("cgroup v1: cpuset and cpuacct alone are not the cpu controller") {
  const FakeCgroups cgroups;
  cgroups.self("3:cpuset:/job\n5:cpuacct:/job\n");
  cgroups.file("cpuset/job/cpu.cfs_quota_us", "100000\n");
  cgroups.file("cpuset/job/cpu.cfs_period_us", "100000\n");
  CHECK(cgroups.quota() == 0);
}

TEST_CASE("the smaller quota of both versions counts where both are mounted") {
  const FakeCgroups cgroups;
  cgroups.self("4:cpu:/job\n0::/job\n");
  cgroups.file("cpu/job/cpu.cfs_quota_us", "300000\n");
  cgroups.file("cpu/job/cpu.cfs_period_us", "100000\n");
  cgroups.file("job/cpu.max", "200000 100000\n");
  CHECK(cgroups.quota() == Approx(2.0));
}

TEST_CASE("files that are missing, empty or damaged are no limit") {
  const FakeCgroups cgroups;
  CHECK(cgroups.quota() == 0);
  cgroups.self("");
  CHECK(cgroups.quota() == 0);
  cgroups.self("nonsense\n::\n0:\n0::\n");
  CHECK(cgroups.quota() == 0);
  cgroups.self("0::/job\n");
  for (const char* text : {"", "\n", "max", "x y\n", "100000\n", "100000 0\n", "0 100000\n", "-5 100000\n"}) {
    cgroups.file("job/cpu.max", text);
    CHECK(cgroups.quota() == 0);
  }
}

TEST_CASE("reading the limits of this process never fails") {
  const weft::CpuLimits limits = weft::cpu_limits();
  CHECK(limits.in_affinity_mask >= 1);
  CHECK(limits.quota >= 0);
  CHECK(limits.workers() >= 1);
}
