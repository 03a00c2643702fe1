#include "compression.hpp"

#include <algorithm>
#include <array>

namespace weir {

namespace {

using std::string_view_literals::operator""sv;

struct Kind {
  std::string_view begins;
  std::string_view name;
};

constexpr std::string_view kGzipMagic = "\x1f\x8b"sv;
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd"sv;

constexpr std::array kKinds{
    Kind{kGzipMagic, "gzip"},
    Kind{kZstdMagic, "zstd"},
    Kind{"BZh91AY&SY"sv, "bzip2"},
    Kind{"\xfd"
         "7zXZ\0"sv,
         "xz"},
    Kind{"\x04\x22\x4d\x18"sv, "lz4"},
    Kind{"\xff\x06\x00\x00sNaPpY"sv, "snappy"},
    Kind{"PK\x03\x04"sv, "a zip archive"},
    Kind{"PAR1\x15"sv, "Parquet"},
    Kind{"Obj\x01"sv, "Avro"},
    Kind{"SQLite format 3\0"sv, "an SQLite database"},
};

/// A skippable frame: 0x184D2A50 to 5F, little-endian. A zstd file may begin with one.
bool is_skippable_frame(std::string_view bytes) {
  return bytes.size() >= 4 && (static_cast<unsigned char>(bytes[0]) & 0xf0) == 0x50 &&
         bytes.substr(1, 3) == "\x2a\x4d\x18"sv;
}

}  // namespace

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

Compression compression_of(std::string_view name) {
  const std::string lower = lower_case(name);
  if (lower.ends_with(".gz")) return Compression::kGzip;
  if (lower.ends_with(".zst")) return Compression::kZstd;
  return Compression::kNone;
}

Compression compression_called(std::string_view word) {
  if (word == "gz") return Compression::kGzip;
  if (word == "zst") return Compression::kZstd;
  return Compression::kNone;
}

std::optional<std::string_view> kind_by_content(std::string_view first_bytes) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& kind) { return first_bytes.starts_with(kind.begins); });
  if (found != kKinds.end()) return found->name;
  if (is_skippable_frame(first_bytes)) return "zstd";
  return std::nullopt;
}

bool begins_like(std::string_view first_bytes, Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return kGzipMagic.starts_with(first_bytes.substr(0, kGzipMagic.size()));
    case Compression::kZstd:
      return kZstdMagic.starts_with(first_bytes.substr(0, kZstdMagic.size())) ||
             is_skippable_frame(first_bytes);
    case Compression::kNone:
      break;
  }
  return !kind_by_content(first_bytes);
}

}  // namespace weir
