#include "compressor.hpp"

#include <zlib.h>
#include <zstd.h>

#include <weir/core/error.hpp>

namespace weir {

namespace {

constexpr std::size_t kStepBytes = 64 * 1024;

class Uncompressed final : public Compressor {
 public:
  void add(std::string_view text, std::string& out) override { out += text; }
  void finish(std::string&) override {}
};

class Gzip final : public Compressor {
 public:
  Gzip() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    constexpr int kMemoryLevel = 8;
    if (deflateInit2(&zlib_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipOnly, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK)
      throw RestartJob("zlib cannot be set up");
  }
  ~Gzip() override { deflateEnd(&zlib_); }

  void add(std::string_view text, std::string& out) override {
    zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    zlib_.avail_in = static_cast<uInt>(text.size());
    while (zlib_.avail_in > 0) step(Z_NO_FLUSH, out);
  }
  void finish(std::string& out) override {
    while (step(Z_FINISH, out) != Z_STREAM_END) {
    }
  }

 private:
  int step(int flush, std::string& out) {
    const std::size_t before = out.size();
    out.resize(before + kStepBytes);
    zlib_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    zlib_.avail_out = kStepBytes;
    const int result = deflate(&zlib_, flush);
    out.resize(before + kStepBytes - zlib_.avail_out);
    if (result != Z_OK && result != Z_STREAM_END) throw RestartJob("zlib failed to compress");
    return result;
  }

  z_stream zlib_{};
};

class Zstd final : public Compressor {
 public:
  Zstd() : zstd_(ZSTD_createCCtx()) {
    if (zstd_ == nullptr) throw RestartJob("zstd cannot be set up");
    ZSTD_CCtx_setParameter(zstd_, ZSTD_c_checksumFlag, 1);
  }
  ~Zstd() override { ZSTD_freeCCtx(zstd_); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;

  void add(std::string_view text, std::string& out) override {
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    while (in.pos < in.size) step(in, ZSTD_e_continue, out);
  }
  void finish(std::string& out) override {
    ZSTD_inBuffer nothing{nullptr, 0, 0};
    while (step(nothing, ZSTD_e_end, out) != 0) {
    }
  }

 private:
  std::size_t step(ZSTD_inBuffer& in, ZSTD_EndDirective directive, std::string& out) {
    const std::size_t before = out.size();
    out.resize(before + kStepBytes);
    ZSTD_outBuffer to{out.data() + before, kStepBytes, 0};
    const std::size_t left = ZSTD_compressStream2(zstd_, &to, &in, directive);
    out.resize(before + to.pos);
    if (ZSTD_isError(left))
      throw RestartJob(std::string("zstd failed to compress: ") + ZSTD_getErrorName(left));
    return left;
  }

  ZSTD_CCtx* zstd_;
};

}  // namespace

std::unique_ptr<Compressor> make_compressor(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return std::make_unique<Gzip>();
    case Compression::kZstd:
      return std::make_unique<Zstd>();
    case Compression::kNone:
      break;
  }
  return std::make_unique<Uncompressed>();
}

}  // namespace weir
