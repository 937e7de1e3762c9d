#include <catch2/catch.hpp>

#include <weft/weft.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bvh_builder.hpp"
#include "jpeg_file.hpp"
#include "load_textures.hpp"
#include "message_thrown_by.hpp"
#include "parse_mesh.hpp"
#include "picture_files.hpp"
#include "render.hpp"
#include "setup.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include "support/two_colour_jpeg.hpp"

using namespace raytracer;
using Catch::Matchers::Contains;

namespace {

/// A square whose coordinates on the texture are its own x and y.
const std::string kSquare =
    "mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1 0\n";

TriangleMesh parse_textured(const std::string& text,
                            const std::string& mtl = "newmtl t\nmap_Kd t.png\n") {
  return parse_obj(text, "a.obj", [&mtl](std::string_view) {
    return std::optional(NamedText{"a.mtl", mtl});
  });
}

Material material_of(const std::string& statements) {
  return parse_textured(kSquare, "newmtl t\n" + statements).palette.at(0);
}

/// Says whether the corners of a triangle are where the square has them.
bool is_in_place(const TriangleMesh& mesh, std::size_t triangle) {
  for (std::size_t corner = 0; corner < 3; ++corner) {
    const Vec3 p = mesh.positions[mesh.triangles[triangle][corner]];
    if (mesh.uvs.at(triangle)[corner] != Uv{p.x, p.y}) return false;
  }
  return true;
}

/// Reads a mesh of one square with one texture, and gives the only warning of that.
std::string warning_about(const std::string& bytes) {
  const weft_test::TemporaryFolder folder;
  (void)folder.write("t.png", bytes);
  (void)folder.write("a.mtl", "newmtl t\nKd 0.5 0 0\nmap_Kd t.png\n");
  const TriangleMesh mesh =
      raytracer_test::load(folder.write("a.obj", kSquare + "usemtl t\nf 1/1 2/2 3/3 4/4\n"));
  CHECK(mesh.triangles.size() == 2);
  CHECK(mesh.textures.empty());
  CHECK_FALSE(mesh.palette.at(0).has_texture());
  CHECK(mesh.palette.at(0).base == Color{0.5F, 0, 0});
  CHECK(make_mesh_setup(mesh, {}).scene.geometry.uvs.empty());
  if (mesh.warnings.size() != 1) return "not one warning";
  const std::string place = (folder / "t.png").string() + ": ";
  CHECK(mesh.warnings[0].substr(0, place.size()) == place);
  return mesh.warnings[0].substr(std::min(place.size(), mesh.warnings[0].size()));
}

/// The square alone under an even white sky, where it shows its colours as they are.
Setup bare_square(const TriangleMesh& mesh) {
  StageSettings stage;
  stage.up = UpAxis::Y;
  stage.yaw_degrees = 0.0F;
  stage.pitch_degrees = 0.0F;
  stage.aspect = 1.0F;
  Setup setup = make_mesh_setup(mesh, stage);
  setup.scene.geometry.triangles.resize(2);
  setup.scene.sky = {};
  setup.scene.sky.zenith = setup.scene.sky.horizon = setup.scene.sky.ground = {1, 1, 1};
  setup.scene.prepare_lights();
  setup.scene.set_bvh(build_bvh_serially(setup.scene.geometry));
  return setup;
}

Film picture_of(const Setup& setup, unsigned workers) {
  constexpr int kSide = 40;
  RenderSettings settings;
  settings.samples = 4;
  Film film(kSide, kSide);
  Progress progress(kSide * kSide, ProgressStyle::Silent);
  weft::Runtime runtime{{.workers = workers}};
  (void)runtime.run(
      render(setup.scene, Camera(setup.camera, kSide, kSide), settings, film, progress));
  return film;
}

}  // namespace

TEST_CASE(
    "corners of OBJ faces have texture coordinates, counted from the front or from the back") {
  const TriangleMesh mesh = parse_textured(
      kSquare + "vn 0 0 1\nusemtl t\nf 1/1 2/2 3/3\nf 2/2/1 3/3/1 4/4/1\nf -4/-4 -3/-3/1 -1/-1\n");
  REQUIRE(mesh.uvs.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(is_in_place(mesh, i));
  }
  CHECK(mesh.warnings.empty());
}

TEST_CASE("texture coordinates stay with their corners when polygons are cut") {
  const TriangleMesh mesh = parse_textured(
      kSquare +
      "v 2 0.5 0\nvt 2 0.5\nv 0.5 0.5 0\nvt .5 .5\nusemtl t\nf 2/2 5/5 3/3 4/4 6/6 1/1\n");
  REQUIRE(mesh.uvs.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(is_in_place(mesh, i));
}

TEST_CASE("faces without texture coordinates at all corners have none") {
  const TriangleMesh mesh =
      parse_textured(kSquare +
                     "vn 0 0 1\nusemtl t\nf 1 2 3\nf 1/1 2/2 3/3\nf 1//1 2//1 3//1\nf 1/1 2 3/3\n"
                     "f 1/1 2/2 3/3\nf 1/ 2/ 3/\n");
  REQUIRE(mesh.triangles.size() == 6);
  REQUIRE(mesh.uvs.size() == 5);
  CHECK(mesh.uvs[0][0].is_none());
  CHECK(is_in_place(mesh, 1));
  CHECK(mesh.uvs[2][2].is_none());
  CHECK(mesh.uvs[3][0].is_none());
  CHECK(is_in_place(mesh, 4));
  CHECK(mesh.warnings.empty());
}

TEST_CASE("a corner that names coordinates that are not defined is a warning") {
  const TriangleMesh mesh =
      parse_textured(kSquare + "usemtl t\nf 1/5 2/2 3/3\nf 1/0 2/-5 3/3\nf 1/x 2/2 3/3\n");
  CHECK(mesh.uvs.empty());
  REQUIRE(mesh.warnings.size() == 1);
  CHECK(mesh.warnings[0] == "a.obj: 4 corners name texture coordinates that are not defined");
}

TEST_CASE("coordinates of materials without a texture take no memory") {
  const TriangleMesh mesh =
      parse_textured(kSquare + "f 1/1 2/2 3/3\nusemtl p\nf 1/1 2/2 3/3\nusemtl t\n",
                     "newmtl p\nKd 1 0 0\nnewmtl t\nmap_Kd t.png\n");
  CHECK(mesh.triangles.size() == 2);
  CHECK(mesh.uvs.capacity() == 0);
}

TEST_CASE(
    "scale and offset of a texture are in the coordinates, and numbers that are none are zero") {
  const TriangleMesh mesh = parse_textured(kSquare + "vt nan 1e99\nvt\nusemtl t\nf 1/2 2/5 3/6\n",
                                           "newmtl t\nmap_Kd -s 2 3 -o 0.25 -1 -clamp on t.png\n");
  REQUIRE(mesh.uvs.size() == 1);
  CHECK(mesh.uvs[0][0] == Uv{2.25F, -1.0F});
  CHECK(mesh.uvs[0][1].u == 0.25F);
  CHECK(mesh.uvs[0][1].v == Approx(3e6F));
  CHECK(mesh.uvs[0][2] == Uv{0.25F, -1.0F});
  CHECK(mesh.palette.at(0).wrap == Wrap::Clamp);
}

TEST_CASE("a texture is multiplied by Kd, which is white where it is black or not there") {
  const Color white{0.95F, 0.95F, 0.95F};
  CHECK(material_of("Kd 0.5 0.25 0\nmap_Kd t.png\n").base == Color{0.5F, 0.25F, 0});
  CHECK(material_of("map_Kd t.png\nKd 0 0 0\n").base == white);
  CHECK(material_of("map_Kd t.png\n").base == white);
  CHECK(material_of("Kd 0 0 0\n").base == Color{0, 0, 0});
  CHECK(material_of("").base == Color{0.8F, 0.8F, 0.8F});
  CHECK(material_of("Kd 0 0 0\nmap_Kd\n").base == Color{0, 0, 0});
  CHECK_FALSE(material_of("map_Kd\n").has_texture());
}

TEST_CASE("what has a texture is a metal by Pm only, and light by Ke all the same") {
  CHECK(material_of("Kd 0 0 0\nKs 0.9 0.9 0.9\nNs 900\n").kind == MaterialKind::Metal);
  CHECK(material_of("Kd 0 0 0\nKs 0.9 0.9 0.9\nNs 900\nmap_Kd t.png\n").kind ==
        MaterialKind::Glossy);
  CHECK(material_of("illum 3\nKs 0.9 0.9 0.9\nNs 900\nmap_Kd t.png\n").kind ==
        MaterialKind::Glossy);
  CHECK(material_of("Pm 1\nmap_Kd t.png\n").kind == MaterialKind::Metal);
  CHECK(material_of("Ke 5 4 3\nmap_Kd t.png\n").emission == Color{5, 4, 3});
}

TEST_CASE("options of textures that are not supported make one warning for each MTL") {
  const TriangleMesh mesh =
      parse_textured(kSquare, "newmtl t\nmap_Kd -mm 0 1 t.png\nnewmtl s\nmap_Kd -texres 8 t.png\n");
  REQUIRE(mesh.warnings.size() == 1);
  CHECK(mesh.warnings[0] == "a.mtl: line 2: the option '-mm' of a texture is ignored");
}

TEST_CASE("a texture that several materials name is read once, however they write its name") {
  const weft_test::TemporaryFolder folder;
  (void)folder.write("t.png", raytracer_test::quartered_png());
  (void)folder.write("u.png", raytracer_test::quartered_png());
  (void)folder.write(
      "a.mtl",
      "newmtl a\nmap_Kd t.png\nnewmtl b\nmap_Kd -s 2 2 .\\t.png\nnewmtl c\nmap_Kd u.png\n"
      "newmtl d\nmap_Kd none/../t.png\nnewmtl e\nmap_Kd missing.png\nnewmtl f\n"
      "map_Kd missing.png\n");
  const TriangleMesh mesh = raytracer_test::load(folder.write("a.obj", kSquare + "f 1 2 3\n"));
  CHECK(mesh.texture_files.size() == 3);
  REQUIRE(mesh.textures.size() == 2);
  REQUIRE(mesh.palette.size() == 6);
  CHECK(mesh.palette[0].texture == 0);
  CHECK(mesh.palette[1].texture == 0);
  CHECK(mesh.palette[2].texture == 1);
  CHECK(mesh.palette[3].texture == 0);
  CHECK_FALSE(mesh.palette[4].has_texture());
  CHECK(mesh.warnings.size() == 1);
}

TEST_CASE("a texture is looked for where its MTL is") {
  const weft_test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "materials/more maps");
  (void)folder.write("materials/more maps/old oak.png", raytracer_test::quartered_png());
  (void)folder.write("materials/a.mtl", "newmtl t\nmap_Kd more maps\\old oak.png\n");
  const TriangleMesh mesh = raytracer_test::load(
      folder.write("a.obj", "mtllib materials\\a.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n"));
  CHECK(mesh.warnings.empty());
  REQUIRE(mesh.textures.size() == 1);
  CHECK(mesh.textures[0]->width() == 8);
}

TEST_CASE("a texture's format is told by its content, not by its name") {
  if (!reads_jpeg()) return weft_test::skip("built without libjpeg");
  const weft_test::TemporaryFolder folder;
  (void)folder.write("t.png", weft_test::two_colour_jpeg());
  (void)folder.write("u.jpg", raytracer_test::quartered_png());
  (void)folder.write("a.mtl", "newmtl a\nmap_Kd t.png\nnewmtl b\nmap_Kd u.jpg\n");
  const TriangleMesh mesh = raytracer_test::load(folder.write("a.obj", kSquare + "f 1 2 3\n"));
  REQUIRE(mesh.textures.size() == 2);
  CHECK(mesh.textures[0]->width() == 16);
  CHECK(mesh.textures[1]->height() == 8);
}

TEST_CASE(
    "a texture that cannot be read is one warning that says why, and the plain colour stands in") {
  const std::string good = raytracer_test::quartered_png();
  CHECK(warning_about("") == "it is empty; plain colours stand in");
  CHECK(warning_about("BM and so on") ==
        "it is neither a PNG nor a JPEG picture; plain colours stand in");
  CHECK_THAT(warning_about(good.substr(0, good.size() / 2)),
             Contains("reading the PNG failed: ") && Contains("; plain colours stand in"));
  const Image wide{16385, 1, std::vector<std::uint8_t>(16385 * 3)};
  CHECK(warning_about(raytracer_test::png(wide)) ==
        "it has 16385 x 1 pixels, more than the 16384 x 16384 this program takes; plain colours "
        "stand in");
  const std::string jpeg = weft_test::two_colour_jpeg();
  CHECK_THAT(warning_about(jpeg.substr(0, jpeg.size() - 6)),
             Contains(reads_jpeg() ? "reading the JPEG failed: " : "without libjpeg"));
}

TEST_CASE("a texture that is no file is a warning, and its name cannot obey the terminal") {
  const weft_test::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "d.png");
  (void)folder.write(
      "a.mtl", "newmtl a\nmap_Kd none.png\nnewmtl b\nmap_Kd d.png\nnewmtl c\nmap_Kd \x1b[2J\n");
  const TriangleMesh mesh = raytracer_test::load(folder.write("a.obj", kSquare + "f 1 2 3\n"));
  CHECK(mesh.textures.empty());
  REQUIRE(mesh.warnings.size() == 3);
  CHECK(mesh.warnings[0] ==
        (folder / "none.png").string() + ": there is no such file; plain colours stand in");
  CHECK_THAT(mesh.warnings[1],
             Contains("d.png: it is a directory, not a file; plain colours stand in"));
  CHECK_THAT(mesh.warnings[2], Contains("/?[2J: there is no such file"));
}

TEST_CASE("textures are read until all have as many pixels as there may be") {
  const weft_test::TemporaryFolder folder;
  TriangleMesh mesh;
  // More than are open at once, 64 pixels each.
  constexpr std::uint32_t kFiles = 20;
  for (std::uint32_t i = 0; i < kFiles; ++i) {
    const std::string name = std::to_string(i) + ".png";
    (void)folder.write(name, raytracer_test::quartered_png());
    mesh.texture_files.emplace_back(name);
    mesh.palette.emplace_back().texture = i;
  }
  weft::sync_wait(load_textures(mesh, folder / "", 64 * 18 + 63));
  CHECK(mesh.textures.size() == 18);
  CHECK(mesh.palette[17].texture == 17);
  CHECK_FALSE(mesh.palette[18].has_texture());
  REQUIRE(mesh.warnings.size() == 2);
  CHECK_THAT(mesh.warnings[1], Contains("19.png: it has 64 pixels, more than are left"));
}

TEST_CASE(
    "a textured square shows its texture upright, times Kd, the same for any number of workers") {
  const weft_test::TemporaryFolder folder;
  (void)folder.write("t.png", raytracer_test::quartered_png());
  (void)folder.write("a.mtl", "newmtl t\nKd 0.5 0.8 0.9\nmap_Kd t.png\n");
  // A triangle without area comes first, which the stage leaves out.
  const TriangleMesh mesh = raytracer_test::load(
      folder.write("a.obj", kSquare + "usemtl t\nf 1/3 1/3 2/3\nf 1/1 2/2 3/3 4/4\n"));
  const Setup setup = bare_square(mesh);
  const Film film = picture_of(setup, 1);
  const auto is = [&film](int x, int y, Color expected) {
    const Color c = film.pixels()[static_cast<std::size_t>(y * film.width() + x)];
    CAPTURE(x, y, c.x, c.y, c.z);
    CHECK(c.x == Approx(expected.x).margin(1e-4));
    CHECK(c.y == Approx(expected.y).margin(1e-4));
    CHECK(c.z == Approx(expected.z).margin(1e-4));
  };
  is(12, 12, {0.5F, 0, 0});
  is(28, 12, {0, 0.8F, 0});
  is(12, 28, {0, 0, 0.9F});
  is(28, 28, {0.5F, 0.8F, 0.9F});
  CHECK(picture_of(setup, 2).hash() == film.hash());
  CHECK(picture_of(setup, 5).hash() == film.hash());
}

TEST_CASE("faces without coordinates show the plain colour of a textured material") {
  const weft_test::TemporaryFolder folder;
  (void)folder.write("t.png", raytracer_test::quartered_png());
  (void)folder.write("a.mtl", "newmtl t\nKd 0.5 0.8 0.9\nmap_Kd t.png\n");
  const TriangleMesh mesh =
      raytracer_test::load(folder.write("a.obj", kSquare + "usemtl t\nf 1 2 3\nf 1/1 3/3 4/4\n"));
  const Setup setup = bare_square(mesh);
  const auto color_of = [&setup](std::uint32_t triangle, float u, float v) {
    const Ray ray{{0, 0, 5}, {0, 0, -1}};
    const Hit hit{5.0F, u, v, PrimitiveId::triangle(triangle)};
    return setup.scene.color_at(setup.scene.surface_at(ray, hit), hit);
  };
  CHECK(color_of(0, 0.2F, 0.2F) == Color{0.5F, 0.8F, 0.9F});
  // The second corner is (1, 1), the third (0, 1).
  CHECK(color_of(1, 0.2F, 0.6F) == Color{0.5F, 0, 0});
  CHECK(color_of(1, 0.8F, 0.1F) == Color{0, 0.8F, 0});
  CHECK(color_of(1, 0.1F, 0.1F) == Color{0, 0, 0.9F});
}
