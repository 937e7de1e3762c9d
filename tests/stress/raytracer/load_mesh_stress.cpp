#include <catch2/catch.hpp>
#include <weft/base/platform.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bvh_builder.hpp"
#include "integrator.hpp"
#include "parse_mesh.hpp"
#include "mesh_seeds.hpp"
#include "mutation.hpp"
#include "program/input_error.hpp"
#include "setup.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

using namespace raytracer;
using program::InputError;
using raytracer_test::Mutation;
using weft_test::SeededRandom;

namespace {

/// The largest piece of memory that this thread asked for since it was set to zero.
thread_local std::size_t largest_request = 0;

}  // namespace

#if !WEFT_ASAN && !WEFT_TSAN
// These stand in for the library's, so that a count in a header that asks for too much is seen. Sanitizers bring their own.
// GCC, which takes what it does not see the inside of for the library's, warns of a free() that it sees alone.
void* operator new(std::size_t size) {
  largest_request = std::max(largest_request, size);
  if (void* memory = std::malloc(std::max(size, std::size_t{1}))) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace {

enum class Format : std::uint8_t { Stl, Ply, Obj };

struct Seed {
  Format format;
  std::string bytes;
};

std::vector<Seed> make_seeds() {
  using namespace raytracer_test;
  return {{Format::Stl, binary_stl()},     {Format::Stl, text_stl()},
          {Format::Ply, text_ply()},       {Format::Ply, binary_ply(false)},
          {Format::Ply, binary_ply(true)}, {Format::Obj, obj()}};
}

/// Makes a file readable in a report.
std::string escaped(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c == '\n' || (c >= ' ' && c <= '~' && c != '\\')) {
      text += c;
    } else {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x",
                    static_cast<unsigned>(static_cast<unsigned char>(c)));
      text += code;
    }
  }
  return text;
}

TriangleMesh parse(Format format, const std::string& bytes, const std::string& mtl) {
  switch (format) {
    case Format::Stl:
      return parse_stl(bytes, "a.stl");
    case Format::Ply:
      return parse_ply(bytes, "a.ply");
    case Format::Obj:
      break;
  }
  return parse_obj(bytes, "a.obj", [&mtl](std::string_view) { return std::optional(NamedText{"a.mtl", mtl}); });
}

/// Says what is wrong with a message for the user; empty if nothing is.
std::string fault_of_message(const std::string& message) {
  constexpr std::size_t kLongest = 300;
  if (message.find(": ") == std::string::npos) return "it names no file";
  if (message.size() > kLongest) return "it is too long";
  const bool is_plain =
      std::all_of(message.begin(), message.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return is_plain ? "" : "it has control characters";
}

bool is_share(float v) { return v >= 0.0F && v <= 1.0F; }

std::string fault_of(const Material& m) {
  if (!is_share(m.base.x) || !is_share(m.base.y) || !is_share(m.base.z)) return "its base colour";
  if (!is_share(m.roughness)) return "its roughness";
  if (!(m.ior >= 1.0F && m.ior <= 3.0F)) return "its index of refraction";
  const Color e = m.emission;
  if (!is_finite(e) || e.x < 0.0F || e.y < 0.0F || e.z < 0.0F) return "its emission";
  return "";
}

/// Says which promise of load_mesh() a mesh breaks; empty if none.
std::string fault_of(const TriangleMesh& mesh) {
  if (!std::all_of(mesh.positions.begin(), mesh.positions.end(), is_finite)) {
    return "a position is not finite";
  }
  for (const TriangleMesh::Indices& t : mesh.triangles) {
    for (const std::uint32_t index : t) {
      if (index >= mesh.positions.size()) return "an index is out of range";
    }
  }
  if (!mesh.materials.empty() && mesh.materials.size() != mesh.triangles.size()) {
    return "there are not as many materials as triangles";
  }
  for (const std::uint32_t material : mesh.materials) {
    if (material != TriangleMesh::kNoMaterial && material >= mesh.palette.size()) {
      return "a material is out of range";
    }
  }
  for (const Material& material : mesh.palette) {
    if (const std::string fault = fault_of(material); !fault.empty()) return fault;
    if (material.has_texture() && material.texture >= mesh.texture_files.size()) {
      return "a texture is out of range";
    }
  }
  if (mesh.uvs.size() > mesh.triangles.size()) return "there are more coordinates than triangles";
  for (const UvCorners& corners : mesh.uvs) {
    for (const Uv& uv : corners) {
      if (std::isinf(uv.u) || std::isinf(uv.v)) return "a texture coordinate is infinite";
    }
  }
  for (const std::string& warning : mesh.warnings) {
    if (const std::string fault = fault_of_message(warning); !fault.empty()) return fault;
  }
  return "";
}

std::string fault_of(const Setup& setup) {
  if (!is_finite(setup.camera.eye) || !is_finite(setup.camera.target)) return "the camera";
  for (const Triangle& t : setup.scene.geometry.triangles) {
    if (!std::all_of(std::begin(t.vertices), std::end(t.vertices), is_finite)) {
      return "a vertex of the scene";
    }
    for (const Vec3& n : t.normals) {
      if (!(std::abs(length(n) - 1.0F) < 1e-3F)) return "a normal of the scene";
    }
  }
  return "";
}

/// Renders a few pixels; empty if all of them are numbers.
std::string fault_of_picture(Setup& setup) {
  constexpr int kWidth = 6;
  constexpr int kHeight = 4;
  setup.scene.set_bvh(build_bvh_serially(setup.scene.geometry));
  RenderSettings settings;
  settings.samples = 1;
  Film film(kWidth, kHeight);
  (void)render_tile(setup.scene, Camera(setup.camera, kWidth, kHeight), settings,
                    {0, 0, kWidth, kHeight}, film);
  return std::all_of(film.pixels().begin(), film.pixels().end(), is_finite)
             ? ""
             : "a pixel is no number";
}

std::shared_ptr<const Texture> some_texture() {
  return std::make_shared<const Texture>(Image{2, 1, {255, 128, 0, 0, 0, 255}});
}

/// How many of the broken files were read and refused.
struct Outcome {
  long read = 0;
  long refused = 0;
  long rendered = 0;
};

/// Reads a file as the program would; says what went wrong.
std::string fault_of_file(Format format, const std::string& bytes, const std::string& mtl,
                          Outcome& outcome) {
  constexpr long kRenderEvery = 16;
  constexpr std::size_t kBytesPerByte = 64;
  constexpr std::size_t kBytesAtLeast = 1U << 12;
  try {
    largest_request = 0;
    TriangleMesh mesh = parse(format, bytes, mtl);
    if (largest_request > kBytesAtLeast + kBytesPerByte * (bytes.size() + mtl.size())) {
      return "it made the reader ask for " + std::to_string(largest_request) + " bytes";
    }
    ++outcome.read;
    if (std::string fault = fault_of(mesh); !fault.empty()) return fault;
    if (mesh.triangles.empty()) return "";
    // All textures can be read.
    mesh.textures.assign(mesh.texture_files.size(), some_texture());
    Setup setup = make_mesh_setup(mesh, {});
    if (std::string fault = fault_of(setup); !fault.empty()) return fault;
    if (outcome.read % kRenderEvery != 0) return "";
    ++outcome.rendered;
    return fault_of_picture(setup);
  } catch (const InputError& error) {
    ++outcome.refused;
    if (largest_request > kBytesAtLeast + kBytesPerByte * (bytes.size() + mtl.size())) {
      return "it made the reader ask for " + std::to_string(largest_request) + " bytes";
    }
    return fault_of_message(error.what());
  } catch (const std::invalid_argument&) {
    // A mesh without area, for which the program has a sentence.
    return "";
  } catch (const std::exception& error) {
    return std::string("an exception that is none of the reader's: ") + error.what();
  }
}

}  // namespace

TEST_CASE("broken mesh files are read into sound meshes or refused with a sentence") {
  using namespace std::chrono_literals;
  const std::vector<Seed> seeds = make_seeds();
  std::vector<std::string> pieces;
  for (const Seed& seed : seeds) pieces.push_back(seed.bytes);
  pieces.push_back(raytracer_test::mtl());
  for (const Seed& seed : seeds) {
    Outcome outcome;
    CHECK(fault_of_file(seed.format, seed.bytes, raytracer_test::mtl(), outcome).empty());
    CHECK(outcome.read == 1);
  }

  SeededRandom random;
  Mutation mutate(random, pieces);
  weft_test::Watchdog watchdog("a broken mesh file", 5s);
  const weft_test::StressClock clock;
  Outcome outcome;
  for (long round = 0; !clock.is_over(); ++round) {
    const Seed& seed = seeds[random.below(seeds.size())];
    std::string bytes = seed.bytes;
    std::string mtl = raytracer_test::mtl();
    if (seed.format == Format::Obj && random.one_in(2)) {
      mtl = mutate(mtl);
    } else {
      bytes = mutate(bytes);
    }
    const std::string fault = fault_of_file(seed.format, bytes, mtl, outcome);
    if (!fault.empty()) {
      FAIL("round " << round << ": " << fault << "\n---- file ----\n"
                    << escaped(bytes) << "\n---- materials ----\n"
                    << escaped(mtl));
    }
    watchdog.progress();
  }
  INFO("read " << outcome.read << ", refused " << outcome.refused << ", rendered "
               << outcome.rendered);
  CHECK(outcome.read > 0);
  CHECK(outcome.refused > 0);
}
