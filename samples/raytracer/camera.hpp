/// @file
/// A thin lens that looks at a point.
#pragma once

#include <cmath>

#include "ray.hpp"
#include "sampling.hpp"

namespace raytracer {

/// Says where the camera stands and what it looks at; y is up.
struct CameraSettings {
  Vec3 eye{0.0F, 1.0F, 5.0F};
  Vec3 target{0.0F, 0.0F, 0.0F};
  /// Full angle, in degrees, over the shorter side of the image.
  float fov_degrees = 35.0F;
  /// Radius of the lens; zero: everything is sharp.
  float lens_radius = 0.0F;
  /// Distance that is sharp; zero: the target's.
  float focus_distance = 0.0F;
};

class Camera {
 public:
  Camera(const CameraSettings& settings, int width, int height)
      : eye_(settings.eye), lens_radius_(settings.lens_radius) {
    const Vec3 view = settings.target - settings.eye;
    const float distance = length(view);
    const Vec3 forward = view / distance;
    focus_ = settings.focus_distance > 0.0F ? settings.focus_distance : distance;
    // Any up will do for a camera that looks straight up or down.
    const Vec3 up =
        std::abs(forward.y) > 0.9999F ? Vec3{0.0F, 0.0F, -1.0F} : Vec3{0.0F, 1.0F, 0.0F};
    right_ = normalize(cross(forward, up));
    up_ = cross(right_, forward);
    forward_ = forward;
    const float half = std::tan(settings.fov_degrees * (kPi / 360.0F));
    scale_ = 2.0F * half / static_cast<float>(std::min(width, height));
    center_x_ = 0.5F * static_cast<float>(width);
    center_y_ = 0.5F * static_cast<float>(height);
  }

  /// Gives the ray through a place on the image, in pixels from the upper left corner.
  [[nodiscard]] Ray ray(float x, float y, Sample2 lens) const {
    const Vec3 direction =
        forward_ + right_ * ((x - center_x_) * scale_) + up_ * ((center_y_ - y) * scale_);
    if (lens_radius_ <= 0.0F) return {eye_, normalize(direction)};
    const Sample2 d = sample_disk(lens);
    const Vec3 offset = (right_ * d.x + up_ * d.y) * lens_radius_;
    return {eye_ + offset, normalize(direction * focus_ - offset)};
  }

  [[nodiscard]] Vec3 eye() const { return eye_; }
  [[nodiscard]] Vec3 forward() const { return forward_; }
  [[nodiscard]] Vec3 right() const { return right_; }
  [[nodiscard]] Vec3 up() const { return up_; }

 private:
  Vec3 eye_;
  Vec3 forward_;
  Vec3 right_;
  Vec3 up_;
  float lens_radius_;
  float focus_ = 1.0F;
  float scale_ = 1.0F;
  float center_x_ = 0.0F;
  float center_y_ = 0.0F;
};

}  // namespace raytracer
