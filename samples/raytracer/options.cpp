#include "options.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <map>
#include <vector>

#include "text_reader.hpp"

namespace raytracer {
namespace {

constexpr std::int64_t kLongestSide = 16384;
constexpr std::int64_t kMostPixels = 64 * 1024 * 1024;

const std::map<std::string, Finish>& finishes() {
  static const std::map<std::string, Finish> names{
      {"clay", Finish::Clay},     {"porcelain", Finish::Porcelain}, {"gold", Finish::Gold},
      {"copper", Finish::Copper}, {"chrome", Finish::Chrome},       {"glass", Finish::Glass},
      {"jade", Finish::Jade}};
  return names;
}

/// Reads "960x540".
void parse_size(const std::string& text, Options& options) {
  const std::size_t x = text.find('x');
  const auto width = TextReader::integer(text.substr(0, x));
  const auto height =
      x == std::string::npos ? std::nullopt : TextReader::integer(text.substr(x + 1));
  if (!width || !height) {
    throw CLI::ValidationError("--size", in_quotes(text) + " is not of the form WIDTHxHEIGHT");
  }
  const bool is_side_good =
      *width >= 1 && *height >= 1 && *width <= kLongestSide && *height <= kLongestSide;
  if (!is_side_good || *width * *height > kMostPixels) {
    throw CLI::ValidationError("--size", in_quotes(text) +
                                             " is out of range: sides go from 1 to 16384 pixels, "
                                             "and there may be 64 megapixels");
  }
  options.width = static_cast<int>(*width);
  options.height = static_cast<int>(*height);
}

/// Reads a finite number within a range; `name` is the option's.
float parse_number(const std::string& name, const std::string& text, float least, float most) {
  double value = 0.0;
  try {
    value = TextReader(text, name).real(text, "");
  } catch (const std::exception&) {
    throw CLI::ValidationError(name, in_quotes(text) + " is not a finite number");
  }
  if (value < double{least} || value > double{most}) {
    char range[80];
    std::snprintf(range, sizeof range, " is out of range, which is %g to %g", double{least},
                  double{most});
    throw CLI::ValidationError(name, in_quotes(text) + range);
  }
  return static_cast<float>(value);
}

std::uint32_t parse_count(const std::string& name, const std::string& text, std::uint32_t least,
                          std::uint32_t most) {
  const auto value = TextReader::integer(text);
  if (!value) throw CLI::ValidationError(name, in_quotes(text) + " is not a whole number");
  if (*value < std::int64_t{least} || *value > std::int64_t{most}) {
    throw CLI::ValidationError(name, in_quotes(text) + " is out of range, which is " +
                                         std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<std::uint32_t>(*value);
}

/// Reads "1,2.5,-3".
Vec3 parse_point(const std::string& name, const std::string& text) {
  float v[3];
  std::size_t begin = 0;
  for (int i = 0; i < 3; ++i) {
    const std::size_t end = i < 2 ? text.find(',', begin) : text.size();
    if (end == std::string::npos) {
      throw CLI::ValidationError(name, in_quotes(text) + " is not of the form X,Y,Z");
    }
    v[i] = parse_number(name, text.substr(begin, end - begin), -1e30F, 1e30F);
    begin = end + 1;
  }
  return {v[0], v[1], v[2]};
}

/// Adds options to the program; each one checks its own value.
class OptionTable {
 public:
  explicit OptionTable(CLI::App& app) : app_(app) {}

  void group(const std::string& name) { group_ = name; }

  CLI::Option* text(const std::string& names, const std::string& type, const std::string& help,
                    std::function<void(const std::string&)> take) {
    CLI::Option* option = app_.add_option_function<std::string>(names, std::move(take), help);
    return option->type_name(type)->group(group_);
  }

  void count(const std::string& name, std::uint32_t least, std::uint32_t most,
             const std::string& help, std::uint32_t& value) {
    text(name, "N", help,
         [=, &value](const std::string& s) { value = parse_count(name, s, least, most); });
  }

  template <class Target>
  CLI::Option* number(const std::string& name, const std::string& type, float least, float most,
                      const std::string& help, Target& value) {
    return text(name, type, help, [=, &value](const std::string& s) {
      value = parse_number(name, s, least, most);
    });
  }

  void point(const std::string& name, const std::string& help, std::optional<Vec3>& value) {
    text(name, "X,Y,Z", help, [=, &value](const std::string& s) { value = parse_point(name, s); });
  }

  void flag(const std::string& names, const std::string& help, bool& value) {
    app_.add_flag(names, value, help)->group(group_);
  }

 private:
  CLI::App& app_;
  std::string group_;
};

void take_file(const char* option, const std::string& name, std::string& value) {
  if (name.empty()) throw CLI::ValidationError(option, "the name of the file is empty");
  value = name;
}

/// Gives the option that names a mesh.
CLI::Option* add_picture_options(OptionTable& table, Options& o) {
  table.group("Picture");
  CLI::Option* const scene = table.text(
      "--scene", "FILE",
      "Mesh to render: .stl, .ply or .obj with its .mtl and its textures (PNG, JPEG); without one "
      "the built-in scene",
      [&o](const std::string& s) { take_file("--scene", s, o.scene); });
  table.text("-o,--output", "FILE", "PNG file to write [raytracer.png]",
             [&o](const std::string& s) { take_file("--output", s, o.output); });
  table.text("--size", "WxH", "Size in pixels [960x540]",
             [&o](const std::string& s) { parse_size(s, o); });
  table.count("--spp", 1, 1U << 20, "Samples for each pixel; powers of two are best [64]",
              o.render.samples);
  table.count("--max-depth", 1, 1000, "Most surfaces that a path of light visits [12]",
              o.render.max_depth);
  table.count("--seed", 0, 0xFFFF'FFFFU, "Chooses other random numbers [1]", o.render.seed);
  table.number("--exposure", "STOPS", -20.0F, 20.0F, "Brighter by a factor of 2^STOPS [0]",
               o.exposure);
  table.number("--clamp", "RADIANCE", 0.0F, 1e9F,
               "Firefly clamp: most light a path brings in over a bounce; 0: no limit [4]",
               o.render.clamp);
  return scene;
}

void add_camera_options(OptionTable& table, Options& o) {
  table.group("Camera");
  table.number("--yaw", "DEG", -3600.0F, 3600.0F,
               "Direction of the camera, around the scene; 0 is in front [30 for a mesh]", o.yaw);
  table.number("--pitch", "DEG", -89.0F, 89.0F, "Height of the camera [18 for a mesh]", o.pitch);
  table.number("--zoom", "FACTOR", 0.01F, 100.0F, "Comes closer [1]", o.stage.zoom);
  table.point("--eye", "Where the camera stands, in the coordinates of the file", o.eye);
  table.point("--target", "What it looks at", o.target);
  table.number("--fov", "DEG", 1.0F, 150.0F, "Angle of view over the shorter side", o.fov);
  table.number("--aperture", "RADIUS", 0.0F, 1e6F,
               "Radius of the lens, half the mesh's diagonal being 1; 0: all is sharp", o.aperture);
  table.number("--focus", "DISTANCE", 1e-3F, 1e6F, "Distance that is sharp [the target's]",
               o.focus);
}

/// All of them say something of a mesh, and the built-in scene is none: without `scene` each is a mistake.
void add_mesh_options(OptionTable& table, CLI::Option* scene, Options& o) {
  table.group("Mesh");
  table.text("--up", "AXIS", "Axis of the file that points up: y or z [z for STL, else y]",
             [&o](const std::string& s) {
               if (s != "y" && s != "z") {
                 throw CLI::ValidationError("--up", in_quotes(s) + " is neither y nor z");
               }
               o.up = s == "y" ? UpAxis::Y : UpAxis::Z;
             })
      ->needs(scene);
  table.text("--finish", "NAME",
             "What a mesh without materials is made of: clay, porcelain, gold, copper, chrome, "
             "glass or jade [clay]",
             [&o](const std::string& s) {
               const auto found = finishes().find(s);
               if (found == finishes().end()) {
                 throw CLI::ValidationError("--finish",
                                            in_quotes(s) +
                                                " is not one of clay, "
                                                "porcelain, gold, copper, chrome, glass and jade");
               }
               o.stage.finish = found->second;
             })
      ->needs(scene);
  table
      .number("--crease", "DEG", 0.0F, 180.0F,
              "Edges that are sharper stay edges [an OBJ's own normals, else 40]",
              o.stage.crease_degrees)
      ->needs(scene);
}

void add_program_options(OptionTable& table, Options& o) {
  table.group("Program");
  table.text("--threads", "N", "Workers; 0: as many as this process may use [0]",
             [&o](const std::string& s) { o.threads = parse_count("--threads", s, 0, 1024); });
  table.flag("--stats", "Print what the build of the tree and the rendering took", o.print_stats);
  table.flag("--hash", "Print a hash of the pixels before they are developed", o.print_hash);
  table.flag("-q,--quiet", "Print no progress and no warnings", o.is_quiet);
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  ParsedOptions result;
  CLI::App app{
      "Renders a picture by path tracing, on all cores. The same options give the same picture, "
      "bit for bit, on any number of workers."};
  app.name("raytracer");
  app.get_formatter()->column_width(28);
  OptionTable table(app);
  CLI::Option* const scene = add_picture_options(table, result.options);
  add_camera_options(table, result.options);
  add_mesh_options(table, scene, result.options);
  add_program_options(table, result.options);
  // Set again, so that it stands last.
  app.set_help_flag("-h,--help", "Print this and exit")->group("Program");
  app.footer(
      "Exit status: 0 the picture was written, 2 an option or a file is wrong, 1 something else "
      "failed,\n130 stopped by Ctrl-C (128 plus the number of such a signal), which leaves no file "
      "behind.\n\n"
      "Examples:\n"
      "  raytracer --size 1920x1080 --spp 256\n"
      "  raytracer --scene /usr/share/opencascade/data/stl/head.stl --yaw 40 --stats\n");
  result.exit_status = program::parse_command_line(app, argc, argv);
  return result;
}

}  // namespace raytracer
