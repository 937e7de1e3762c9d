#include "load_mtl.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "text_reader.hpp"

namespace raytracer {
namespace {

/// The Kd of a material for which the file names none.
constexpr Color kUnnamed{0.8F, 0.8F, 0.8F};

/// The statements of one material as the file gives them.
struct MtlMaterial {
  std::string name;
  std::optional<Color> diffuse;
  Color specular{0.0F, 0.0F, 0.0F};
  Color emission{0.0F, 0.0F, 0.0F};
  float shininess = 0.0F;
  float ior = 1.5F;
  float opacity = 1.0F;
  int illumination = 2;
  std::optional<float> roughness;
  float metalness = 0.0F;
  TextureMap map;

  [[nodiscard]] bool has_texture() const { return !map.file.empty(); }
};

Color clamp_albedo(Color c) {
  const auto clamp = [](float v) { return std::clamp(v, 0.0F, 0.95F); };
  return {clamp(c.x), clamp(c.y), clamp(c.z)};
}

bool is_one_of(int value, std::initializer_list<int> values) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// Gives Kd. Black times a texture would be black, and nobody would name a texture for that: who
/// writes black there, or nothing, means the texture as it is.
Color diffuse_of(const MtlMaterial& m) {
  constexpr Color kWhite{1.0F, 1.0F, 1.0F};
  if (!m.diffuse) return m.has_texture() ? kWhite : kUnnamed;
  return m.has_texture() && max_component(*m.diffuse) <= 0.0F ? kWhite : *m.diffuse;
}

Material convert(const MtlMaterial& m) {
  const Color diffuse = clamp_albedo(diffuse_of(m));
  const Color specular = clamp_albedo(m.specular);
  // The Blinn-Phong exponent n and GGX's alpha agree in width when alpha^2 = 2 / (n + 2).
  const float from_shininess = std::pow(2.0F / (std::max(m.shininess, 0.0F) + 2.0F), 0.25F);
  const float roughness = std::clamp(m.roughness.value_or(from_shininess), 0.0F, 1.0F);

  Material result = Material::diffuse(diffuse);
  const bool is_mirror = is_one_of(m.illumination, {3, 5, 8}) && luminance(specular) > 0.2F;
  const bool is_bright = luminance(specular) > 0.4F && max_component(diffuse) < 0.1F;
  if (m.opacity < 0.6F || is_one_of(m.illumination, {4, 6, 7, 9})) {
    result = Material::glass(std::clamp(m.ior, 1.01F, 3.0F));
    // Black is what exporters write for clear glass.
    result.base = max_component(diffuse) > 0.0F ? diffuse : Color{1.0F, 1.0F, 1.0F};
  } else if (m.metalness >= 0.5F) {
    result = Material::metal(diffuse, roughness);
  } else if ((is_mirror || is_bright) && !m.has_texture()) {  // whose colour is Ks, without Kd
    result = Material::metal(specular, roughness);
  } else if (max_component(specular) > 0.02F && roughness < 0.95F) {
    result = Material::glossy(diffuse, roughness);
  }
  result.emission = m.emission;
  result.wrap = m.map.wrap;
  return result;
}

class MtlParser {
 public:
  MtlParser(std::string_view text, const std::string& file) : reader_(text, file), file_(file) {}

  MaterialLibrary parse() {
    while (reader_.next_line()) {
      const std::string_view keyword = reader_.word();
      if (keyword == "newmtl") {
        finish_material();
        current_ = {};
        current_.name = reader_.rest_of_line();
        has_current_ = true;
      } else if (has_current_) {
        statement(keyword);
      }
    }
    finish_material();
    return std::move(library_);
  }

 private:
  void finish_material() {
    if (has_current_) {
      library_.materials.push_back({current_.name, convert(current_), current_.map});
    }
    has_current_ = false;
  }

  void statement(std::string_view keyword) {
    MtlMaterial& m = current_;
    if (keyword == "Kd") read_color(m.diffuse.emplace(kUnnamed));
    if (keyword == "Ks") read_color(m.specular);
    if (keyword == "Ke") read_color(m.emission);
    if (keyword == "Ns") m.shininess = number();
    if (keyword == "Ni") m.ior = number();
    if (keyword == "d") read_opacity(m);
    if (keyword == "Tr") m.opacity = 1.0F - number();
    if (keyword == "Pr") m.roughness = number();
    if (keyword == "Pm") m.metalness = number();
    if (keyword == "illum") m.illumination = static_cast<int>(std::clamp(number(), 0.0F, 10.0F));
    if (keyword == "map_Kd") read_map(m);
  }

  void read_map(MtlMaterial& m) {
    m.map = parse_texture_map(reader_.rest_of_line());
    if (m.map.ignored_option.empty() || warned_of_options_) return;
    warned_of_options_ = true;
    library_.warnings.push_back(file_ + ": line " + std::to_string(reader_.line_number()) +
                                ": the option " + in_quotes(m.map.ignored_option) +
                                " of a texture is ignored");
  }

  float number() { return reader_.number(reader_.word(), "a value"); }

  void read_color(Color& color) {
    const std::string_view first = reader_.word();
    // Colours as spectra or in CIE XYZ are legal and never met; the default stays.
    if (first == "spectral" || first == "xyz") return;
    const auto channel = [this](std::string_view word) {
      return std::clamp(reader_.number(word, "a colour"), 0.0F, 1e6F);
    };
    color.x = channel(first);
    const std::string_view second = reader_.word();
    const std::string_view third = reader_.word();
    // A single number means grey.
    color.y = second.empty() ? color.x : channel(second);
    color.z = third.empty() ? color.x : channel(third);
  }

  void read_opacity(MtlMaterial& m) {
    const std::string_view word = reader_.word();
    m.opacity = reader_.number(word == "-halo" ? reader_.word() : word, "an opacity");
  }

  TextReader reader_;
  std::string file_;
  MaterialLibrary library_;
  MtlMaterial current_;
  bool has_current_ = false;
  bool warned_of_options_ = false;
};

}  // namespace

MaterialLibrary parse_mtl(std::string_view text, const std::string& file) {
  return MtlParser(text, file).parse();
}

}  // namespace raytracer
