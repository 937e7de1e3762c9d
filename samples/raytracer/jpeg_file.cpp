#include "jpeg_file.hpp"

#include <csetjmp>
#include <cstddef>
#include <cstdio>
// After <cstdio>, whose names it uses.
#include <jpeglib.h>
// After <jpeglib.h>.
#include <jerror.h>

#include <stdexcept>
#include <string>

namespace raytracer {
namespace {

/// libjpeg's state while it reads one picture.
///
/// It reports errors by a function that may not return: that jumps back into the member that called
/// libjpeg. So nothing there may have a destructor, and what a member changes is kept in *this.
class JpegReader {
 public:
  explicit JpegReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = &JpegReader::leave;
    errors_.emit_message = &JpegReader::weigh;
    info_.client_data = this;
  }
  // Does nothing for what was never created, and reports no errors.
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  PixelSize read_header() {
    if (!try_header()) fail();
    return {static_cast<int>(info_.image_width), static_cast<int>(info_.image_height)};
  }
  /// Reads all rows, from the top; read_header() comes before.
  void read_pixels(std::uint8_t* rgb) {
    if (!try_pixels(rgb)) fail();
  }

 private:
  /// Those who write progressive pictures need ten. Each scan is a walk over the whole picture, and a
  /// small file may have thousands.
  static constexpr int kMostScans = 500;

  bool try_header() {
    if (setjmp(jump_) != 0) return false;
    jpeg_create_decompress(&info_);
    info_.client_data = this;
    progress_.progress_monitor = &JpegReader::count_scans;
    info_.progress = &progress_;
    jpeg_mem_src(&info_, bytes_.data(), static_cast<unsigned long>(bytes_.size()));
    return jpeg_read_header(&info_, TRUE) == JPEG_HEADER_OK;
  }

  bool try_pixels(std::uint8_t* rgb) {
    if (setjmp(jump_) != 0) return false;
    info_.out_color_space = JCS_RGB;
    (void)jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = rgb + std::size_t{info_.output_scanline} * info_.output_width * 3;
      (void)jpeg_read_scanlines(&info_, &row, 1);
    }
    (void)jpeg_finish_decompress(&info_);
    return true;
  }

  [[noreturn]] void fail() const {
    throw std::runtime_error(std::string("reading the JPEG failed: ") + message_);
  }

  static JpegReader& reader_of(j_common_ptr info) {
    return *static_cast<JpegReader*>(info->client_data);
  }

  [[noreturn]] static void leave(j_common_ptr info) {
    JpegReader& reader = reader_of(info);
    info->err->format_message(info, reader.message_);
    std::longjmp(reader.jump_, 1);
  }

  /// libjpeg goes on after these, with grey for what is not there.
  static void weigh(j_common_ptr info, int level) {
    if (level >= 0) return;  // not a warning
    const int code = info->err->msg_code;
    if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE) leave(info);
  }

  static void count_scans(j_common_ptr info) {
    // Only decompressors have this monitor.
    if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMostScans) return;
    JpegReader& reader = reader_of(info);
    std::snprintf(reader.message_, sizeof reader.message_, "it has more than %d scans", kMostScans);
    std::longjmp(reader.jump_, 1);
  }

  std::span<const std::uint8_t> bytes_;
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf jump_{};
  char message_[JMSG_LENGTH_MAX] = "it is not complete";
};

}  // namespace

bool reads_jpeg() { return true; }

PixelSize jpeg_size(std::span<const std::uint8_t> bytes) { return JpegReader(bytes).read_header(); }

Image decode_jpeg(std::span<const std::uint8_t> bytes) {
  JpegReader reader(bytes);
  const PixelSize size = reader.read_header();
  Image image{size.width, size.height, {}};
  image.rgb.resize(size.count() * 3);
  reader.read_pixels(image.rgb.data());
  return image;
}

}  // namespace raytracer
