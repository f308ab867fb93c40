#include "jpeg.h"

#include <algorithm>
#include <string>
#include <utility>

#include "image_error.h"
#include "operations.h"

#ifndef TENCH_JPEG_NONE
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs <cstdio> before it.
#include <jerror.h>
#include <jpeglib.h>
#endif

namespace tench::image {

const char* jpeg_library() { return TENCH_JPEG_KIND; }

void check_jpeg(const JpegHeader& header, size_t file_bytes, const DecodeLimits& limits) {
  if (header.bits != 8)
    throw ImageError("JPEG with " + std::to_string(header.bits) + " bits a sample is not supported");
  if (header.lossless) throw ImageError("lossless JPEG is not supported");
  if (header.components != 1 && header.components != 3 && header.components != 4)
    throw ImageError("JPEG with " + std::to_string(header.components) + " components is not supported");
  if (static_cast<uint64_t>(header.width) * header.height > limits.max_pixels) {
    throw ImageError("it has more pixels than the limit of " + std::to_string(limits.max_pixels) + " (maxPixels)");
  }
  // A Huffman code has at least one bit, so a short file that claims to be large needs no memory to be found out.
  if (!limits.allow_truncated && !header.arithmetic && header.blocks / 8 > file_bytes) {
    throw ImageError("it is truncated: " + std::to_string(file_bytes) + " bytes cannot hold " +
                     std::to_string(header.width) + " x " + std::to_string(header.height) + " pixels");
  }
}

size_t decoding_bytes(const JpegHeader& header) {
  constexpr size_t kBlockSamples = 64, kCoefficientBytes = 2;
  const size_t pixels = static_cast<size_t>(header.width) * header.height;
  const size_t result = pixels * header.components * (header.orientation == 1 ? 1 : 2);
  return result + (header.progressive ? header.blocks * kBlockSamples * kCoefficientBytes : 0);
}

#ifdef TENCH_JPEG_NONE

Picture decode_jpeg(std::span<const uint8_t>, const DecodeLimits&, const std::atomic<bool>*) {
  throw ImageError("this build has no JPEG decoder");
}

#else

namespace {

// libjpeg is C: its errors leave by longjmp, over no frame but its own and those here that hold nothing to destroy.
struct Session {
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg_source_mgr source;
  jpeg_progress_mgr progress;
  std::jmp_buf escape;
  std::span<const uint8_t> file;
  DecodeLimits limits;
  const std::atomic<bool>* abandoned;
  uint8_t* pixels;  // the result, as stored in the file
  int channels;
  bool exhausted;  // the file has ended before the picture
  bool was_abandoned;
  char reason[JMSG_LENGTH_MAX];
};

Session& session_of(j_common_ptr jpeg) { return *static_cast<Session*>(jpeg->client_data); }

[[noreturn]] void fail(j_common_ptr jpeg) {
  Session& session = session_of(jpeg);
  jpeg->err->format_message(jpeg, session.reason);
  std::longjmp(session.escape, 1);
}

[[noreturn]] void fail_with(Session& session, const char* reason) {
  std::snprintf(session.reason, sizeof session.reason, "%s", reason);
  std::longjmp(session.escape, 1);
}

// Warnings that cost no pixel are let pass; after any other, libjpeg would make up what it could not read.
void on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  Session& session = session_of(jpeg);
  switch (jpeg->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
      return;
    default:
      if (session.limits.allow_truncated && session.exhausted) return;
      fail(jpeg);
  }
}

void ignore_text(j_common_ptr) {}
void start_source(j_decompress_ptr) {}
void end_source(j_decompress_ptr) {}

boolean at_end(j_decompress_ptr jpeg) {
  static const JOCTET kEndOfImage[] = {0xff, JPEG_EOI};
  Session& session = session_of(reinterpret_cast<j_common_ptr>(jpeg));
  session.exhausted = true;
  if (!session.limits.allow_truncated) fail_with(session, "it is truncated");
  session.source.next_input_byte = kEndOfImage;
  session.source.bytes_in_buffer = sizeof kEndOfImage;
  return TRUE;
}

void skip(j_decompress_ptr jpeg, long bytes) {
  if (bytes <= 0) return;
  jpeg_source_mgr& source = *jpeg->src;
  if (static_cast<size_t>(bytes) >= source.bytes_in_buffer) {
    at_end(jpeg);
    return;
  }
  source.next_input_byte += bytes;
  source.bytes_in_buffer -= static_cast<size_t>(bytes);
}

// A scan of a few bytes may go over the whole picture, and a file may have any number of them. Encoders write a dozen.
void watch(j_common_ptr jpeg) {
  constexpr uint64_t kUsualScans = 32, kMostScans = 500, kMostWork = uint64_t{1} << 32;
  Session& session = session_of(jpeg);
  if (session.abandoned != nullptr && session.abandoned->load(std::memory_order_relaxed)) {
    session.was_abandoned = true;
    std::longjmp(session.escape, 1);
  }
  const auto scans = static_cast<uint64_t>(std::max(0, session.jpeg.input_scan_number));
  const uint64_t pixels = static_cast<uint64_t>(session.jpeg.image_width) * session.jpeg.image_height;
  if (scans > kUsualScans && (scans > kMostScans || scans * pixels > kMostWork))
    fail_with(session, "its scans are more than any picture needs");
}

void prepare(Session& session) {
  jpeg_decompress_struct& jpeg = session.jpeg;
  jpeg.err = jpeg_std_error(&session.errors);
  session.errors.error_exit = fail;
  session.errors.emit_message = on_message;
  session.errors.output_message = ignore_text;
  jpeg_create_decompress(&jpeg);
  jpeg.client_data = &session;
  session.source.init_source = start_source;
  session.source.fill_input_buffer = at_end;
  session.source.skip_input_data = skip;
  session.source.resync_to_restart = jpeg_resync_to_restart;
  session.source.term_source = end_source;
  session.source.next_input_byte = session.file.data();
  session.source.bytes_in_buffer = session.file.size();
  jpeg.src = &session.source;
  session.progress.progress_monitor = watch;
  jpeg.progress = &session.progress;
}

// What runs below the setjmp. Each of these returns false with `reason` set (or `was_abandoned`).
bool start(Session& session) {
  session.jpeg.client_data = &session;
  if (setjmp(session.escape) != 0) return false;
  prepare(session);
  jpeg_read_header(&session.jpeg, TRUE);
  const int components = session.jpeg.num_components;
  session.jpeg.out_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
  session.jpeg.dct_method = JDCT_ISLOW;
  session.jpeg.do_fancy_upsampling = TRUE;
  // Where scans are missing it would guess, and every version of the library does so in another way.
  session.jpeg.do_block_smoothing = FALSE;
  return true;
}

bool read_pixels(Session& session) {
  constexpr JDIMENSION kRows = 16;
  if (setjmp(session.escape) != 0) return false;
  jpeg_decompress_struct& jpeg = session.jpeg;
  jpeg_start_decompress(&jpeg);
  const size_t stride = static_cast<size_t>(jpeg.output_width) * jpeg.output_components;
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW rows[kRows];
    const JDIMENSION wanted = std::min(kRows, jpeg.output_height - jpeg.output_scanline);
    for (JDIMENSION i = 0; i < wanted; ++i) rows[i] = session.pixels + (jpeg.output_scanline + i) * stride;
    if (jpeg_read_scanlines(&jpeg, rows, wanted) == 0) fail_with(session, "it is damaged");
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}

class Decompressor {
 public:
  Decompressor(std::span<const uint8_t> file, const DecodeLimits& limits, const std::atomic<bool>* abandoned) {
    session_.file = file;
    session_.limits = limits;
    session_.abandoned = abandoned;
  }
  ~Decompressor() { jpeg_destroy_decompress(&session_.jpeg); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  const jpeg_decompress_struct& jpeg() const { return session_.jpeg; }
  void start() { done(image::start(session_)); }
  void read(uint8_t* pixels) {
    session_.pixels = pixels;
    done(read_pixels(session_));
  }

 private:
  void done(bool well) const {
    if (well) return;
    if (session_.was_abandoned) throw Abandoned();
    if (session_.errors.msg_code == JERR_OUT_OF_MEMORY && session_.reason[0] != '\0') throw std::bad_alloc();
    throw ImageError(session_.reason);
  }

  Session session_{};
};

// (1 - ink)(1 - black) in bytes, rounded as Pillow does; three bytes of every four. As every writer of CMYK has learned
// from Photoshop, what is stored is how much is left white, not how much ink there is.
void white_to_rgb(const uint8_t* white, size_t pixels, uint8_t* rgb) {
  for (size_t i = 0; i < pixels; ++i, white += 4, rgb += 3) {
    const int light = white[3];
    for (int colour = 0; colour < 3; ++colour) {
      const int product = (255 - white[colour]) * light + 128;
      rgb[colour] = static_cast<uint8_t>(std::max(0, light - (((product >> 8) + product) >> 8)));
    }
  }
}

// The stored pixels turned as they were seen (CIPA DC-008, 4.6.4), orientations 1 to 8 in the order of dihedral.cc.
Picture upright(Picture stored, int orientation) {
  static constexpr double kElements[] = {0, 1, 4, 2, 6, 5, 7, 3};
  Arguments arguments("orientation", {&kElements[orientation - 1], 1});
  return dihedral(std::move(stored), arguments);
}

}  // namespace

Picture decode_jpeg(std::span<const uint8_t> file, const DecodeLimits& limits, const std::atomic<bool>* abandoned) {
  if (!is_jpeg(file)) throw ImageError("it is no JPEG");
  const auto header = read_jpeg_header(file);
  // Where our reading finds no picture, libjpeg's may say why; memory is only taken when both agree on the size.
  if (header) check_jpeg(*header, file.size(), limits);
  Decompressor decompressor(file, limits, abandoned);
  decompressor.start();
  const jpeg_decompress_struct& jpeg = decompressor.jpeg();
  if (!header || static_cast<int>(jpeg.image_width) != header->width ||
      static_cast<int>(jpeg.image_height) != header->height || jpeg.num_components != header->components) {
    throw ImageError("its header is damaged");
  }
  const size_t pixels = static_cast<size_t>(header->width) * header->height;
  Picture decoded{header->width, header->height, header->components == 1 ? 1 : 3, nullptr};
  decoded.bytes = std::make_unique_for_overwrite<uint8_t[]>(pixels * header->components);
  decompressor.read(decoded.bytes.get());
  // In place: writing never overtakes reading.
  if (header->components == 4) white_to_rgb(decoded.bytes.get(), pixels, decoded.bytes.get());
  return upright(std::move(decoded), header->orientation);
}

#endif

}  // namespace tench::image
