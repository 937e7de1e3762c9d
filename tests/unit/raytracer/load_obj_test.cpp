#include <catch2/catch.hpp>

#include "load_mtl.hpp"
#include "message_thrown_by.hpp"
#include "parse_mesh.hpp"
#include "support/temporary_folder.hpp"
#include "triangulate.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace raytracer;
using Catch::Matchers::Contains;

namespace {

const std::string kCorners = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n";

TriangleMesh parse(const std::string& text, const std::string& mtl = "") {
  return parse_obj(text, "a.obj", [&mtl](std::string_view name) -> std::optional<NamedText> {
    if (mtl.empty() || name != "my materials.mtl") return std::nullopt;
    return NamedText{"beside/" + std::string(name), mtl};
  });
}

std::string message_of(const std::string& text, const std::string& mtl = "") {
  return raytracer_test::message_thrown_by([&] { (void)parse(text, mtl); });
}

double area(const TriangleMesh& mesh) {
  double sum = 0.0;
  for (const auto& t : mesh.triangles) {
    const Vec3 n = cross(mesh.positions[t[1]] - mesh.positions[t[0]],
                         mesh.positions[t[2]] - mesh.positions[t[0]]);
    // Signed: a triangle that is turned over takes its area away.
    sum += 0.5 * double{n.z};
  }
  return sum;
}

}  // namespace

TEST_CASE("corners of OBJ faces come in four forms, from the front or from the back") {
  const TriangleMesh mesh = parse(
      kCorners +
      "vt 0 0\nvn 0 0 1\nf 1 2 3\nf 1/1 2/1 3/1\nf 1//1 2//1 3//1\nf -4/1/1 -3/1/1 -2/1/1 # end\n");
  REQUIRE(mesh.triangles.size() == 4);
  for (const auto& t : mesh.triangles) CHECK(t == TriangleMesh::Indices{0, 1, 2});
}

TEST_CASE("normals of an OBJ belong to the corners that name them, in cut polygons too") {
  const TriangleMesh mesh = parse(kCorners +
                                  "vn 0 0 1\nvn 0 3 0\nvn nan nan nan\nf 1 2 3\n"
                                  "f 1//1 2//2 3//-2 4//1\nf 1//1 2 3//1\nf 1/1/3 2/1/1 3/1/9\n");
  REQUIRE(mesh.triangles.size() == 5);
  REQUIRE(mesh.corner_normals.size() <= 15);
  const Vec3 none{0, 0, 0};
  CHECK(mesh.normals_of(0)[0] == none);
  for (const std::size_t part : {1, 2}) {
    for (std::size_t corner = 0; corner < 3; ++corner) {
      const std::uint32_t vertex = mesh.triangles[part][corner];
      const Vec3 expected = vertex == 1 || vertex == 2 ? Vec3{0, 3, 0} : Vec3{0, 0, 1};
      CHECK(mesh.normals_of(part)[corner] == expected);
    }
  }
  CHECK(mesh.normals_of(3)[0] == none);
  CHECK(mesh.normals_of(4)[0] == none);
  REQUIRE(mesh.warnings.size() == 1);
  CHECK_THAT(mesh.warnings[0], Contains("1 corners name normals that are not defined"));
}

TEST_CASE("lines of an OBJ may go on after a backslash, and errors keep their line") {
  CHECK(parse(kCorners + "f 1 \\\n 2 \\\r\n 3\n").triangles.size() == 1);
  CHECK_THAT(message_of(kCorners + "f 1 \\\n 2 \\\n 3\nf 1 2 9\n"),
             Contains("line 8: a face names"));
}

TEST_CASE("a concave polygon keeps its outline") {
  // A comb of three teeth: area 8 of a box of 10.
  TriangleMesh mesh = parse(
      "v 0 0 0\nv 5 0 0\nv 5 2 0\nv 4 2 0\nv 4 1 0\nv 3 1 0\nv 3 2 0\nv 2 2 0\nv 2 1 0\nv 1 1 0\n"
      "v 1 2 0\nv 0 2 0\nf 1 2 3 4 5 6 7 8 9 10 11 12\n");
  CHECK(mesh.triangles.size() == 10);
  CHECK(area(mesh) == Approx(8.0));
  for (const auto& t : mesh.triangles) {
    const Vec3 n = cross(mesh.positions[t[1]] - mesh.positions[t[0]],
                         mesh.positions[t[2]] - mesh.positions[t[0]]);
    CHECK(n.z >= 0.0F);
  }
}

TEST_CASE("polygons that cross themselves or have no area are cut into something") {
  CHECK(parse(kCorners + "f 1 3 2 4\n").triangles.size() == 2);
  CHECK(parse(kCorners + "f 1 1 1 1 1\n").triangles.size() == 3);
  TriangleMesh mesh;
  mesh.positions.resize(1);
  PolygonCutter cutter;
  cutter.cut(mesh, {std::vector<std::uint32_t>(5000, 0), {}, {}});
  CHECK(mesh.triangles.size() == 4998);
}

TEST_CASE("materials of an OBJ are found by name, spaces included") {
  const std::string mtl =
      "# two\nnewmtl dark red\nKd 0.5 0 0\nKs 0 0 0\nnewmtl lamp\nKd 0 0 0\nKe 5 4 3\n"
      "newmtl mirror\nKd 0 0 0\nKs 0.9 0.9 0.9\nNs 900\nnewmtl window\nd 0.1\nKd 1 1 1\n"
      "newmtl car\nKd 0 0 0.5\nKs 0.5 0.5 0.5\nNs 100\nmap_Kd -s 1 1 1 car.jpg\n";
  const TriangleMesh mesh = parse("mtllib my materials.mtl\n" + kCorners +
                                      "f 1 2 3\nusemtl lamp\nf 1 2 3\nusemtl dark red\nf 1 2 3 4\n",
                                  mtl);
  REQUIRE(mesh.palette.size() == 5);
  CHECK(mesh.material_of(0) == TriangleMesh::kNoMaterial);
  CHECK(mesh.material_of(1) == 1);
  CHECK(mesh.material_of(2) == 0);
  CHECK(mesh.material_of(3) == 0);
  CHECK(mesh.palette[0].kind == MaterialKind::Diffuse);
  CHECK(mesh.palette[0].base == Color{0.5F, 0, 0});
  CHECK(mesh.palette[1].is_emissive());
  CHECK(mesh.palette[2].kind == MaterialKind::Metal);
  CHECK(mesh.palette[3].kind == MaterialKind::Glass);
  CHECK(mesh.palette[4].kind == MaterialKind::Glossy);
  CHECK(mesh.palette[4].texture == 0);
  REQUIRE(mesh.texture_files.size() == 1);
  CHECK(mesh.texture_files[0] == "car.jpg");
  CHECK(mesh.warnings.empty());
}

TEST_CASE("a missing MTL or material is a warning, not an error") {
  const TriangleMesh mesh = parse("mtllib other.mtl\n" + kCorners + "usemtl red\nf 1 2 3\n");
  CHECK(mesh.triangles.size() == 1);
  REQUIRE(mesh.warnings.size() == 1);
  CHECK_THAT(mesh.warnings[0], Contains("'other.mtl' cannot be read"));
  CHECK_THAT(parse(kCorners + "usemtl red\nf 1 2 3\n").warnings.at(0),
             Contains("'red' is not defined"));
}

TEST_CASE("a line names one MTL or several, and naming it again changes nothing") {
  std::vector<std::string> asked;
  const auto beside = [&asked](std::string_view name) -> std::optional<NamedText> {
    asked.emplace_back(name);
    if (name == "a.mtl") return NamedText{"a.mtl", "newmtl a\n"};
    if (name == "b.mtl") return NamedText{"b.mtl", "newmtl b\n"};
    return std::nullopt;
  };
  const std::string line = "mtllib a.mtl c.mtl b.mtl\n";
  const TriangleMesh mesh =
      parse_obj(line + kCorners + "usemtl b\n" + line + "f 1 2 3\n", "a.obj", beside);
  CHECK(mesh.palette.size() == 2);
  CHECK(mesh.material_of(0) == 1);
  CHECK(asked.size() == 4);
  REQUIRE(mesh.warnings.size() == 1);
  CHECK_THAT(mesh.warnings[0], Contains("'c.mtl' cannot be read"));
}

TEST_CASE("the MTL is looked for beside the OBJ, backslashes and all") {
  const weft_test::TemporaryFolder folder;
  (void)folder.write("a.mtl", "newmtl a\nKd 0 1 0\n");
  const auto path = folder.write("a.obj", "mtllib .\\a.mtl\n" + kCorners + "usemtl a\nf 1 2 3\n");
  const TriangleMesh mesh = raytracer_test::load(path);
  CHECK(mesh.palette.size() == 1);
  CHECK(mesh.warnings.empty());
}

TEST_CASE(
    "a number too small for a float is zero, one too large is refused, however it is written") {
  const std::string zeros(400, '0');
  const TriangleMesh mesh = parse("v 1e-400 0." + zeros + "1 -1e-60\nv 1" + zeros + "e-400 0 0\n");
  CHECK(mesh.positions.at(0) == Vec3{0, 0, 0});
  CHECK(mesh.positions.at(1) == Vec3{1, 0, 0});
  CHECK_THAT(message_of("v 0 0 1e400\n"), Contains("is not a finite number"));
  CHECK_THAT(message_of("v 0 0 1" + zeros + "\n"), Contains("is not a finite number"));
}

TEST_CASE("all names that an OBJ asks for are known before it is parsed, however they are written") {
  const std::string text = "\xEF\xBB\xBFmtllib a b.mtl\r\n  mtllib\tc.mtl \\\r\n d.mtl\r" + kCorners +
                           "mtllib .\\e.mtl\nmtllib a b.mtl\nmtllib\nmtllib f.mtl \\";
  const std::vector<std::string> names = names_beside_obj(text);
  std::set<std::string> asked;
  (void)parse_obj(text, "a.obj", [&](std::string_view name) -> std::optional<NamedText> {
    asked.emplace(name);
    return std::nullopt;
  });
  asked.erase("");  // of the line without any
  CHECK(asked.size() == 10);
  for (const std::string& name : asked) {
    CAPTURE(name);
    CHECK(std::count(names.begin(), names.end(), name) == 1);
  }
}

TEST_CASE("more MTL files than are open at once are all read, and one that is missing is a warning") {
  const weft_test::TemporaryFolder folder;
  std::string text = kCorners;
  constexpr int kFiles = 40;
  for (int i = 0; i < kFiles; ++i) {
    const std::string number = std::to_string(i);
    (void)folder.write(number + ".mtl", "newmtl m" + number + "\n");
    text += "mtllib " + number + ".mtl\nusemtl m" + number + "\nf 1 2 3\n";
  }
  const TriangleMesh mesh = raytracer_test::load(folder.write("a.obj", text + "mtllib none.mtl\n"));
  CHECK(mesh.palette.size() == kFiles);
  CHECK(mesh.material_of(kFiles - 1) == kFiles - 1);
  REQUIRE(mesh.warnings.size() == 1);
  CHECK_THAT(mesh.warnings[0], Contains("'none.mtl' cannot be read"));
}

TEST_CASE("the name of an MTL cannot send control characters to the terminal") {
  const weft_test::TemporaryFolder folder;
  (void)folder.write("\x1b[2Ja.mtl", "newmtl a\nKd\n");
  const auto path = folder.write("a.obj", "mtllib \x1b[2Ja.mtl\n" + kCorners);
  CHECK_THROWS_WITH(raytracer_test::load(path), Contains("?[2Ja.mtl: line 2") && !Contains("\x1b"));
}

TEST_CASE("an error in an MTL names the file with its folder and its whole name") {
  const weft_test::TemporaryFolder folder;
  const std::string name = "a_name_that_is_longer_than_a_word_in_a_message_may_be.mtl";
  const auto mtl = folder.write(name, "newmtl a\nKd\n");
  const auto path = folder.write("a.obj", "mtllib " + name + "\n" + kCorners);
  CHECK_THROWS_WITH(raytracer_test::load(path), Contains(mtl.string() + ": line 2"));
}

TEST_CASE("a face of too many corners to keep a concave outline is a warning") {
  std::ostringstream ring;
  std::string face = "f";
  for (int i = 1; i <= 257; ++i) {
    ring << "v " << i << ' ' << i * i << " 0\n";
    face += ' ';
    face += std::to_string(i);
  }
  const TriangleMesh mesh = parse(ring.str() + face + "\n");
  CHECK(mesh.triangles.size() == 255);
  REQUIRE(mesh.warnings.size() == 1);
  CHECK_THAT(mesh.warnings[0], Contains("a.obj: 1 faces have more than 256 corners"));
  face.erase(face.rfind(' '));
  CHECK(parse(ring.str() + face + "\n").warnings.empty());
}

TEST_CASE("a broken OBJ is refused with a sentence that says where") {
  CHECK_THAT(message_of("v 1 2 inf\n"), Contains("a.obj: line 1: 'inf' is not a finite number"));
  CHECK_THAT(message_of("v 1 2\n"), Contains("the line ends where the z"));
  CHECK_THAT(message_of(kCorners + "f 1 2 5\n"),
             Contains("line 5: a face names vertex 5, but only 4"));
  CHECK_THAT(message_of(kCorners + "f 0 1 2\n"), Contains("vertex 0, but OBJ counts from 1"));
  CHECK_THAT(message_of(kCorners + "f -5 1 2\n"), Contains("names vertex -5"));
  CHECK_THAT(message_of(kCorners + "f 1 2 9999999999999999999999\n"), Contains("is not a corner"));
  CHECK_THAT(message_of("mtllib my materials.mtl\n" + kCorners, "newmtl a\nKd red\n"),
             Contains("my materials.mtl: line 2: 'red' is not a number"));
  CHECK_THAT(message_of("what is this\n"), Contains("it defines no vertices"));
  CHECK_THAT(message_of(std::string("\xFF\xFEv\0 \0", 6)), Contains("UTF-16"));
}
