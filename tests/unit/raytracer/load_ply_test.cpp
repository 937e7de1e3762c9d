#include <catch2/catch.hpp>

#include <algorithm>

#include "parse_mesh.hpp"
#include "message_thrown_by.hpp"

using namespace raytracer;
using Catch::Matchers::Contains;

namespace {

std::string header(const std::string& format, const std::string& vertices,
                   const std::string& faces) {
  return "ply\nformat " + format + " 1.0\ncomment made for a test\nelement vertex " + vertices +
         "\nproperty float x\nproperty double y\nproperty float z\nproperty uchar red\nelement "
         "face " +
         faces + "\nproperty list uchar int vertex_indices\nproperty short flags\nend_header\n";
}

const std::string kRows = "0 0 0 255\n1 0 0 255\n1 1 0 255\n0 1 0 255\n4 0 1 2 3 7\n3 0 1 2 7\n";

/// Appends the bytes of a number, reversed for big-endian files.
template <class T>
void put(std::string& bytes, T value, bool is_big) {
  std::string raw(reinterpret_cast<const char*>(&value), sizeof value);
  if (is_big) std::reverse(raw.begin(), raw.end());
  bytes += raw;
}

std::string binary_body(bool is_big) {
  std::string bytes;
  const float corners[4][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0}};
  for (const auto& c : corners) {
    put(bytes, c[0], is_big);
    put(bytes, double{c[1]}, is_big);
    put(bytes, c[2], is_big);
    put(bytes, std::uint8_t{255}, is_big);
  }
  put(bytes, std::uint8_t{4}, is_big);
  for (std::int32_t i = 0; i < 4; ++i) put(bytes, i, is_big);
  put(bytes, std::int16_t{7}, is_big);
  return bytes;
}

std::string message_of_ply(const std::string& bytes) {
  return raytracer_test::message_thrown_by([&] { (void)parse_ply(bytes, "a.ply"); });
}

}  // namespace

TEST_CASE("an ASCII PLY gives triangles, its polygons cut") {
  const TriangleMesh mesh = parse_ply(header("ascii", "4", "2") + kRows, "a.ply");
  CHECK(mesh.positions.size() == 4);
  CHECK(mesh.triangles.size() == 3);
  CHECK(mesh.positions[2] == Vec3{1, 1, 0});
}

TEST_CASE("a binary PLY of either byte order gives the same mesh as its text") {
  const TriangleMesh text = parse_ply(header("ascii", "4", "1") + kRows, "a.ply");
  for (const bool is_big : {false, true}) {
    const std::string format = is_big ? "binary_big_endian" : "binary_little_endian";
    const TriangleMesh mesh = parse_ply(header(format, "4", "1") + binary_body(is_big), "a.ply");
    CHECK(mesh.positions == text.positions);
    CHECK(mesh.triangles == text.triangles);
  }
}

TEST_CASE("a PLY may have unknown elements, empty ones, and faces before vertices") {
  const TriangleMesh mesh = parse_ply(
      "ply\r\nformat ascii 1.0\r\nelement nothing 4000000000\r\nelement face 1\r\n"
      "property list uchar int vertex_index\r\nelement vertex 3\r\nproperty float z\r\n"
      "property float y\r\nproperty float x\r\nelement edge 1\r\nproperty int a\r\nend_header\r\n"
      "3 0 1 2\r\n0 0 0\r\n0 0 1\r\n0 1 0\r\n5\r\n",
      "a.ply");
  REQUIRE(mesh.triangles.size() == 1);
  CHECK(mesh.positions[1] == Vec3{1, 0, 0});
}

TEST_CASE("faces with fewer than three corners are skipped with a warning") {
  const TriangleMesh mesh = parse_ply(
      header("ascii", "4", "2") + "0 0 0 1\n1 0 0 1\n1 1 0 1\n0 1 0 1\n2 0 1 7\n3 0 1 2 7\n",
      "a.ply");
  CHECK(mesh.triangles.size() == 1);
  CHECK(mesh.warnings.size() == 1);
}

TEST_CASE("faces of a PLY whose vertices have no position do not read points that are not there") {
  const auto with_properties = [](const std::string& properties, const std::string& rows) {
    return "ply\nformat ascii 1.0\nelement vertex 3\n" + properties +
           "element face 1\nproperty list uchar int vertex_indices\nend_header\n" + rows;
  };
  CHECK_THAT(message_of_ply(with_properties("", "3 0 1 2\n")), Contains("gives vertices no x"));
  CHECK_THAT(message_of_ply(with_properties("property float x\nproperty float z\n",
                                        "0 0\n1 0\n0 1\n3 0 1 2\n")),
             Contains("gives vertices no y"));
  CHECK_THAT(message_of_ply(with_properties(
                 "property list uchar float x\nproperty float y\nproperty float z\n",
                 "0 0 0\n0 0 0\n0 0 0\n3 0 1 2\n")),
             Contains("gives vertices no x"));
  const std::string xyz = "property float x\nproperty float y\nproperty float z\n";
  CHECK_THAT(message_of_ply(with_properties(xyz + "element vertex 0\n" + xyz,
                                        "0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")),
             Contains("declares vertices twice"));
  CHECK_THAT(message_of_ply(with_properties(xyz, "0 0 0\n1 0 0\n0 1 0\n3 0 1.5 2\n")),
             Contains("line 13: face 0 names a vertex by a number that is not whole"));
  CHECK_THAT(message_of_ply(with_properties(xyz, "0 0 0\n1 0 0\n0 1 0\n2.5 0 1 2\n")),
             Contains("line 13: a list promises a number of numbers that is not whole"));
  CHECK_THAT(message_of_ply("ply\nformat ascii 1.0\nelement vertex 3\n" + xyz +
                        "element face 1\nproperty int a\nend_header\n0 0 0\n1 0 0\n0 1 0\n1\n"),
             Contains("gives faces no list of vertex_indices"));
}

TEST_CASE("a broken PLY is refused with a sentence that says where") {
  CHECK_THAT(message_of_ply("PLY\n"), Contains("does not begin with the line 'ply'"));
  CHECK_THAT(message_of_ply("ply\nformat ascii 1.0\n"), Contains("ends inside the header"));
  CHECK_THAT(message_of_ply("ply\nformat morse 1.0\n"), Contains("line 2: the format 'morse'"));
  CHECK_THAT(message_of_ply("ply\nformat ascii 1.0\nend_header\n"), Contains("declares no vertices"));
  CHECK_THAT(message_of_ply("ply\nproperty float x\n"), Contains("before the first element"));
  CHECK_THAT(message_of_ply("ply\nelement v 1\nproperty blob x\n"), Contains("'blob' is not a type"));
  CHECK_THAT(message_of_ply("ply\nelement v 1\nproperty list float int x\n"),
             Contains("with fractions"));
  CHECK_THAT(message_of_ply(header("ascii", "4", "0")), Contains("points but no faces"));
  CHECK_THAT(message_of_ply(header("ascii", "9999999999", "1") + kRows),
             Contains("promises 9999999999 vertices, more than"));
  CHECK_THAT(message_of_ply(header("ascii", "4000000000", "1") + kRows),
             Contains("promises 4000000000 of 'vertex'"));
  CHECK_THAT(message_of_ply(header("ascii", "4", "2") + "0 0 0 1\n1 nan 0 1\n"), Contains("truncated"));
  CHECK_THAT(
      message_of_ply(header("ascii", "4", "1") + "0 0 0 1\n1 nan 0 1\n0 0 0 0\n0 0 0 0\n3 0 1 2 7\n"),
      Contains("line 14: 'nan' is not a finite number"));
  CHECK_THAT(
      message_of_ply(header("ascii", "4", "1") + "0 0 0 1\n1 1e300 0 1\n0 0 0 0\n0 0 0 0\n3 0 1 2 7\n"),
      Contains("vertex 1 is not a finite point"));
  CHECK_THAT(
      message_of_ply(header("ascii", "4", "1") + "0 0 0 1\n1 0 0 1\n0 0 0 0\n0 0 0 0\n3 0 1 4 7\n"),
      Contains("face 0 names vertex 4, but there are 4 vertices"));
  CHECK_THAT(
      message_of_ply(header("ascii", "4", "1") + "0 0 0 1\n1 0 0 1\n0 0 0 0\n0 0 0 0\n200 0 1 4 7\n"),
      Contains("a list promises more numbers"));
  const std::string binary = header("binary_little_endian", "4", "1") + binary_body(false);
  for (std::size_t size = binary.find("end_header") + 11; size < binary.size(); ++size) {
    CHECK(message_of_ply(binary.substr(0, size)) != "no error");
  }
}
