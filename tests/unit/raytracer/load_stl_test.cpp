#include <catch2/catch.hpp>

#include <cstring>

#include "message_thrown_by.hpp"
#include "parse_mesh.hpp"
#include "support/temporary_folder.hpp"

using namespace raytracer;
using Catch::Matchers::Contains;

namespace {

const std::string kText =
    "solid cube corner\n"
    " facet normal 0 0 1\n  outer loop\n   vertex 0 0 0\n   vertex 1.5e0 0 0\n   vertex +0 1 -0\n"
    "  endloop\n endfacet\n"
    " FACET NORMAL 0 0 0\n  outer loop\n   vertex 0 0 0\r\n   vertex 1 0 0\r\n   vertex 0 0 1\n"
    "  endloop\n endfacet\nendsolid\n";

std::string binary(std::uint32_t promised, const std::vector<float>& corners) {
  std::string bytes(80, 'x');
  bytes.append(reinterpret_cast<const char*>(&promised), 4);
  for (std::size_t i = 0; i < corners.size(); i += 9) {
    bytes.append(12, '\0');
    bytes.append(reinterpret_cast<const char*>(&corners[i]), 36);
    bytes.append(2, '\0');
  }
  return bytes;
}

const std::vector<float> kOne{0, 0, 0, 2, 0, 0, 0, 3, 0};

std::string message_of_stl(const std::string& bytes) {
  return raytracer_test::message_thrown_by([&] { (void)parse_stl(bytes, "a.stl"); });
}

}  // namespace

TEST_CASE("an ASCII STL may be written in any case, spacing and line ending") {
  const TriangleMesh mesh = parse_stl(kText, "a.stl");
  REQUIRE(mesh.triangles.size() == 2);
  CHECK(mesh.positions[1] == Vec3{1.5F, 0, 0});
  CHECK(mesh.positions[5] == Vec3{0, 0, 1});
  CHECK(mesh.warnings.empty());
}

TEST_CASE("a binary STL is known by its size, even when it begins with solid") {
  std::string bytes = binary(1, kOne);
  std::memcpy(bytes.data(), "solid", 5);
  const TriangleMesh mesh = parse_stl(bytes, "a.stl");
  REQUIRE(mesh.triangles.size() == 1);
  CHECK(mesh.positions[2] == Vec3{0, 3, 0});
}

TEST_CASE("bytes behind the last triangle of a binary STL make a warning") {
  const TriangleMesh mesh = parse_stl(binary(1, kOne) + "more", "a.stl");
  CHECK(mesh.triangles.size() == 1);
  REQUIRE(mesh.warnings.size() == 1);
  CHECK_THAT(mesh.warnings[0], Contains("ignored 4 bytes"));
}

TEST_CASE("an ASCII STL without its last line makes a warning") {
  const TriangleMesh mesh = parse_stl(kText.substr(0, kText.find("endsolid")), "a.stl");
  CHECK(mesh.triangles.size() == 2);
  CHECK(mesh.warnings.size() == 1);
}

TEST_CASE("a broken STL is refused with a sentence that says where") {
  CHECK_THAT(message_of_stl(binary(3, kOne)), Contains("a.stl: it is truncated"));
  CHECK_THAT(message_of_stl(binary(4'000'000'000U, {})), Contains("promises 4000000000 triangles"));
  CHECK_THAT(message_of_stl(std::string(20, '\0')), Contains("fewer than the 84"));
  std::vector<float> bad = kOne;
  bad[4] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THAT(message_of_stl(binary(1, bad)), Contains("triangle 0, at byte 84"));
  CHECK_THAT(message_of_stl("solid\nfacet\nvertex 1 2\n"),
             Contains("line 3: the line ends where the z"));
  CHECK_THAT(message_of_stl("solid\nvertex 1 2 3\n"), Contains("line 2: a vertex stands outside"));
  CHECK_THAT(message_of_stl("solid\nfacet\nfacet\n"), Contains("line 3: a facet begins inside"));
  CHECK_THAT(message_of_stl("solid\nendfacet\n"), Contains("outside a facet"));
  CHECK_THAT(message_of_stl("solid\nfacet\nendsolid\n"), Contains("ends inside a facet"));
  CHECK_THAT(message_of_stl("solid\nbanana\n"), Contains("line 2: 'banana' is not a statement"));
  CHECK_THAT(message_of_stl("solid\nfacet\nvertex 0 0 0\nvertex 0 0 0\nvertex 0 0 0\nvertex 0 0 0\n"),
             Contains("line 6: a facet has more than three"));
}

TEST_CASE("a file without triangles, a directory and a missing file are refused") {
  const weft_test::TemporaryFolder folder;
  CHECK_THROWS_WITH(raytracer_test::load(folder.write("none.stl", binary(0, {}))), Contains("no triangles"));
  CHECK_THROWS_WITH(raytracer_test::load(folder / "missing.stl"), Contains("there is no such file"));
  CHECK_THROWS_WITH(raytracer_test::load(folder / "."), Contains("it is a directory"));
  CHECK_THROWS_WITH(raytracer_test::load(folder.write("empty.stl", "")), Contains("it is empty"));
  CHECK_THROWS_WITH(raytracer_test::load(folder.write("mesh.step", "x")), Contains("ends neither in .stl"));
  CHECK(raytracer_test::load(folder.write("GOOD.STL", binary(1, kOne))).triangles.size() == 1);
}
