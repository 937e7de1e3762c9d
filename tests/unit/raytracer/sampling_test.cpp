#include <catch2/catch.hpp>

#include <cmath>
#include <set>

#include "bsdf.hpp"
#include "lights.hpp"
#include "rng.hpp"
#include "sampling.hpp"

using namespace raytracer;

TEST_CASE("random numbers depend on pixel, sample and seed, and on nothing else") {
  Sampler a(3, 4, 5, 6);
  Sampler b(3, 4, 5, 6);
  for (int i = 0; i < 20; ++i) {
    const Sample2 p = a.next_2d();
    const Sample2 q = b.next_2d();
    CHECK(p.x == q.x);
    CHECK(p.y == q.y);
    CHECK((p.x >= 0.0F && p.x < 1.0F && p.y >= 0.0F && p.y < 1.0F));
  }
  std::set<float> firsts;
  for (std::uint32_t i = 0; i < 100; ++i) {
    firsts.insert(Sampler(i, 0, 0, 1).next_1d());
    firsts.insert(Sampler(0, i + 1, 0, 1).next_1d());
    firsts.insert(Sampler(0, 0, i + 1, 1).next_1d());
    firsts.insert(Sampler(0, 0, 0, i + 2).next_1d());
  }
  CHECK(firsts.size() > 395);
}

TEST_CASE("the first numbers are those that every build draws") {
  Sampler sampler(1, 2, 3, 4);
  const Sample2 first = sampler.next_2d();
  const float second = sampler.next_1d();
  CHECK(static_cast<int>(first.x * 1e6F) == 790731);
  CHECK(static_cast<int>(first.y * 1e6F) == 179636);
  CHECK(static_cast<int>(second * 1e6F) == 369301);
}

TEST_CASE("the samples of a pixel are stratified in every elementary box") {
  for (const std::uint32_t dimension : {0U, 1U, 7U}) {
    for (int log_columns = 0; log_columns <= 6; ++log_columns) {
      const int columns = 1 << log_columns;
      const int rows = 64 / columns;
      std::set<int> boxes;
      for (std::uint32_t i = 0; i < 64; ++i) {
        Sampler sampler(17, 4, i, 1);
        for (std::uint32_t skip = 0; skip < dimension; ++skip) (void)sampler.next_2d();
        const Sample2 p = sampler.next_2d();
        boxes.insert(static_cast<int>(p.x * static_cast<float>(columns)) * rows +
                     static_cast<int>(p.y * static_cast<float>(rows)));
      }
      CHECK(boxes.size() == 64);
    }
  }
}

TEST_CASE("the second Sobol dimension is Pascal's triangle") {
  CHECK(Sampler::pascal(1) == 1);
  CHECK(Sampler::pascal(2) == 3);
  CHECK(Sampler::pascal(4) == 5);
  CHECK(Sampler::pascal(8) == 15);
  CHECK(Sampler::pascal(16) == 17);
  CHECK(Sampler::pascal(0x8000'0000U) == 0xFFFF'FFFFU);
  CHECK(Sampler::reverse_bits(1) == 0x8000'0000U);
  CHECK(Sampler::reverse_bits(0x1234'5678U) == 0x1E6A'2C48U);
}

TEST_CASE("no surface gives back more light than it gets, and samples agree with densities") {
  const Material materials[] = {Material::diffuse({0.9F, 0.9F, 0.9F}),
                                Material::glossy({0.9F, 0.9F, 0.9F}, 0.1F),
                                Material::glossy({0.9F, 0.9F, 0.9F}, 0.6F),
                                Material::metal({1.0F, 1.0F, 1.0F}, 0.2F),
                                Material::metal({1.0F, 1.0F, 1.0F}, 0.9F),
                                Material::metal({1.0F, 1.0F, 1.0F}, 0.0F),
                                Material::glass(1.5F)};
  for (const Material& material : materials) {
    for (const float cosine : {0.1F, 0.5F, 0.99F}) {
      const Bsdf bsdf{&material, material.base, material.roughness, true};
      const Vec3 outgoing{std::sqrt(1.0F - cosine * cosine), 0.0F, cosine};
      double energy = 0.0;
      constexpr std::uint32_t kCount = 4096;
      for (std::uint32_t i = 0; i < kCount; ++i) {
        Sampler sampler(0, 0, i, 9);
        const float choice = sampler.next_1d();
        const BsdfSample s = sample_bsdf(bsdf, outgoing, sampler.next_2d(), choice);
        if (!(s.pdf > 0.0F)) continue;
        REQUIRE(length(s.incoming) == Approx(1.0F).epsilon(1e-3));
        energy += double{max_component(s.weight)} / kCount;
        if (bsdf.is_delta()) continue;
        const BsdfValue value = evaluate_bsdf(bsdf, outgoing, s.incoming);
        REQUIRE(value.pdf == Approx(s.pdf).epsilon(1e-3));
        REQUIRE(max_component(value.value) ==
                Approx(max_component(s.weight) * s.pdf).epsilon(1e-2));
      }
      INFO("kind " << static_cast<int>(material.kind) << " cosine " << cosine);
      CHECK(energy <= 1.01);
      CHECK(energy > 0.3);
    }
  }
}

TEST_CASE("the reflectance of glass is Fresnel's") {
  CHECK(fresnel_dielectric(1.0F, 1.5F) == Approx(0.04F));
  CHECK(fresnel_dielectric(1.0F, 1.0F / 1.5F) == Approx(0.04F));
  CHECK(fresnel_dielectric(0.0F, 1.5F) == Approx(1.0F));
  // Beyond the critical angle everything is reflected.
  CHECK(fresnel_dielectric(0.3F, 1.0F / 1.5F) == 1.0F);
}

TEST_CASE("lights are seen under the solid angle that their densities say") {
  SceneGeometry geometry;
  geometry.triangles.push_back({{{-1, 3, -1}, {1, 3, -1}, {0, 3, 1}}, {}, 0});
  geometry.spheres.push_back({{2, 1, 0}, 0.5F, 0});
  const Lights lights(geometry, {Material::emissive({1, 1, 1})});
  REQUIRE_FALSE(lights.is_empty());
  // The mean of 1 / pdf over the samples is the solid angle of both.
  double solid_angle = 0.0;
  constexpr std::uint32_t kCount = 16384;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    Sampler sampler(1, 1, i, 1);
    const float choice = sampler.next_1d();
    const LightSample s = lights.sample(geometry, {0, 0, 0}, choice, sampler.next_2d());
    REQUIRE(s.pdf > 0.0F);
    solid_angle += 1.0 / double{s.pdf} / kCount;
  }
  const double sphere = 2.0 * 3.14159265358979 * (1.0 - std::sqrt(1.0 - 0.25 / 5.0));
  // By van Oosterom and Strackee.
  const double triangle = 0.2066;
  CHECK(solid_angle == Approx(sphere + triangle).epsilon(0.02));
}
