/// @file
/// The command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "integrator.hpp"
#include "program/command_line.hpp"
#include "setup.hpp"

namespace raytracer {

struct Options {
  /// Empty: the built-in scene.
  std::string scene;
  std::string output = "raytracer.png";
  int width = 960;
  int height = 540;
  /// Zero: as many as the machine has for this process.
  unsigned threads = 0;
  RenderSettings render;
  float exposure = 0.0F;
  bool print_stats = false;
  bool print_hash = false;
  bool is_quiet = false;

  StageSettings stage;
  /// None: z for STL, y for the others.
  std::optional<UpAxis> up;
  std::optional<float> yaw;
  std::optional<float> pitch;
  std::optional<float> fov;
  std::optional<float> aperture;
  std::optional<float> focus;
  std::optional<Vec3> eye;
  std::optional<Vec3> target;
};

using ParsedOptions = program::Parsed<Options>;

/// Reads the command line. Prints help, or one sentence about a mistake.
[[nodiscard]] ParsedOptions parse_options(int argc, char** argv);

}  // namespace raytracer
