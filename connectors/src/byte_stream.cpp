#include "byte_stream.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <weir/core/error.hpp>

namespace weir {

namespace {

constexpr std::size_t kBlockBytes = 256 * 1024;

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(const std::string& path)
      : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat about {};
    if (descriptor_ < 0 || ::fstat(descriptor_, &about) != 0) {
      const std::string why = std::strerror(errno);
      if (descriptor_ >= 0) ::close(descriptor_);
      throw FailJob(fmt::format("cannot open `{}`: {}", path, why), ExitCode::kCannotConnect);
    }
    bytes_ = static_cast<std::uint64_t>(about.st_size);
  }
  ~PlainStream() override { ::close(descriptor_); }
  PlainStream(const PlainStream&) = delete;
  PlainStream& operator=(const PlainStream&) = delete;

  Got read(char* to, std::size_t size) override {
    // What is appended later is not part of this read: a file ends where it ended when it was opened.
    const std::size_t left =
        static_cast<std::size_t>(std::min<std::uint64_t>({size, kBlockBytes, bytes_ - offset_}));
    while (left > 0) {
      const ssize_t got = ::pread(descriptor_, to, left, static_cast<off_t>(offset_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        throw RestartJob(
            fmt::format("cannot read `{}` at byte {}: {}", path_, offset_, std::strerror(errno)));
      if (got == 0)
        throw RestartJob(fmt::format("`{}` became shorter while it was read, at byte {}", path_, offset_));
      offset_ += static_cast<std::uint64_t>(got);
      return {static_cast<std::size_t>(got), false};
    }
    return {0, offset_ == bytes_};
  }
  std::uint64_t skip(std::uint64_t bytes) override {
    const std::uint64_t step = std::min(bytes, bytes_ - offset_);
    offset_ += step;
    return step;
  }
  bool seeks() const override { return true; }
  std::uint64_t file_bytes_read() const override { return offset_; }
  std::uint64_t file_bytes() const override { return bytes_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t bytes_ = 0;
  std::uint64_t offset_ = 0;
};

/// What the decompressing streams share: the file's own bytes, a block at a time.
class CompressedStream : public ByteStream {
 public:
  std::uint64_t skip(std::uint64_t) override { return 0; }
  bool seeks() const override { return false; }
  std::uint64_t file_bytes_read() const override { return file_.file_bytes_read() - (have_ - used_); }
  std::uint64_t file_bytes() const override { return file_.file_bytes(); }

 protected:
  explicit CompressedStream(const std::string& path) : file_(path), block_(new char[kBlockBytes]) {}

  /// False at the end of the file.
  bool fill() {
    if (used_ < have_) return true;
    have_ = file_.read(block_.get(), kBlockBytes).bytes;
    used_ = 0;
    return have_ > 0;
  }
  [[noreturn]] void damaged(const char* kind, const char* why) const {
    throw FailJob(fmt::format("`{}` is damaged: its {} data is wrong near byte {} of the file ({})",
                              file_.path(), kind, file_bytes_read(), why == nullptr ? "unknown" : why));
  }
  [[noreturn]] void cut_short(const char* kind) const {
    throw FailJob(fmt::format(
        "`{}` ends in the middle of its {} data, after {} bytes; is it still being written or copied?",
        file_.path(), kind, file_.file_bytes()));
  }

  [[noreturn]] void garbage_after(const char* kind) const {
    throw FailJob(
        fmt::format("`{0}` goes on, at byte {1} of the file, with bytes that are no {2} data; what they were "
                    "cannot be known. "
                    "If they are of no use, cut them off: head -c {1} {0}",
                    file_.path(), file_bytes_read(), kind));
  }

  PlainStream file_;
  std::unique_ptr<char[]> block_;
  std::size_t have_ = 0;
  std::size_t used_ = 0;
};

class GzipStream final : public CompressedStream {
 public:
  explicit GzipStream(const std::string& path) : CompressedStream(path) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&zlib_, kGzipOnly) != Z_OK) throw FailJob("zlib cannot be set up");
  }
  ~GzipStream() override { inflateEnd(&zlib_); }

  Got read(char* to, std::size_t size) override {
    if (!fill()) {
      if (in_member_) cut_short("gzip");
      return {0, true};
    }
    zlib_.next_out = reinterpret_cast<Bytef*>(to);
    zlib_.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1U << 30));
    const uInt room = zlib_.avail_out;
    while (used_ < have_ && zlib_.avail_out == room) {
      if (in_member_ || !pass_padding()) step();
    }
    return {room - zlib_.avail_out, false};
  }

 private:
  /// Zeros behind a member fill up a tape's block. What else follows it has to be another member.
  bool pass_padding() {
    if (block_[used_] == 0 && members_ > 0) {
      while (used_ < have_ && block_[used_] == 0) ++used_;
      return true;
    }
    if (members_ > 0 && static_cast<unsigned char>(block_[used_]) != kFirstMagicByte) garbage_after("gzip");
    return false;
  }
  void step() {
    in_member_ = true;
    zlib_.next_in = reinterpret_cast<Bytef*>(block_.get() + used_);
    zlib_.avail_in = static_cast<uInt>(have_ - used_);
    const int result = inflate(&zlib_, Z_NO_FLUSH);
    used_ = have_ - zlib_.avail_in;
    if (result == Z_STREAM_END) {
      // Files may be several gzip members one after the other; they read as one.
      in_member_ = false;
      ++members_;
      inflateReset(&zlib_);
    } else if (result != Z_OK) {
      damaged("gzip", zlib_.msg);
    }
  }

  static constexpr unsigned char kFirstMagicByte = 0x1f;
  z_stream zlib_{};
  bool in_member_ = false;
  std::uint64_t members_ = 0;  ///< whole ones
};

class ZstdStream final : public CompressedStream {
 public:
  ZstdStream(const std::string& path, std::uint64_t window_bytes)
      : CompressedStream(path), window_bytes_(window_bytes), zstd_(ZSTD_createDStream()) {
    if (zstd_ == nullptr) throw FailJob("zstd cannot be set up");
    const ZSTD_bounds bounds = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
    const int log = std::bit_width(std::max<std::uint64_t>(window_bytes, 1)) - 1;
    ZSTD_DCtx_setParameter(zstd_, ZSTD_d_windowLogMax, std::clamp(log, bounds.lowerBound, bounds.upperBound));
  }
  ~ZstdStream() override { ZSTD_freeDStream(zstd_); }
  ZstdStream(const ZstdStream&) = delete;
  ZstdStream& operator=(const ZstdStream&) = delete;

  Got read(char* to, std::size_t size) override {
    // Decompressed bytes may wait inside zstd although the file is at its end.
    const bool more = fill();
    ZSTD_outBuffer out{to, size, 0};
    while (out.pos == 0) {
      ZSTD_inBuffer in{block_.get(), have_, used_};
      const std::size_t result = ZSTD_decompressStream(zstd_, &out, &in);
      if (ZSTD_isError(result)) refuse(result);
      const bool moved = in.pos > used_ || out.pos > 0;
      used_ = in.pos;
      if (moved) in_frame_ = result != 0;
      if (!moved || used_ == have_) break;
    }
    if (more || out.pos > 0) return {out.pos, false};
    if (in_frame_) cut_short("zstd");
    return {0, true};
  }

 private:
  [[noreturn]] void refuse(std::size_t result) const {
    const ZSTD_ErrorCode code = ZSTD_getErrorCode(result);
    if (code == ZSTD_error_frameParameter_windowTooLarge)
      throw FailJob(fmt::format(
          "`{}` was compressed with a window of more than the {} bytes of memory that are allowed for one "
          "file (zstd --long or --ultra); compress it with a smaller one, or raise ?max_window_bytes= and "
          "give "
          "the process that much more memory for each such file",
          file_.path(), window_bytes_));
    if (code == ZSTD_error_prefix_unknown && file_bytes_read() > 0 && !in_frame_) garbage_after("zstd");
    damaged("zstd", ZSTD_getErrorName(result));
  }

  const std::uint64_t window_bytes_;
  ZSTD_DStream* zstd_;
  bool in_frame_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> open_stream(const std::string& path, Compression compression,
                                        std::uint64_t window_bytes) {
  switch (compression) {
    case Compression::kGzip:
      return std::make_unique<GzipStream>(path);
    case Compression::kZstd:
      return std::make_unique<ZstdStream>(path, window_bytes);
    case Compression::kNone:
      break;
  }
  return std::make_unique<PlainStream>(path);
}

}  // namespace weir
