#include "manifest_frame.hpp"

#include <bit>
#include <cstring>

#include <fmt/format.h>

#include <weir/checkpoint/manifest.hpp>
#include <weir/core/error.hpp>

namespace weir {

namespace {

static_assert(std::endian::native == std::endian::little, "frames are written little-endian");

constexpr std::size_t kMagicBytes = 8;
constexpr std::size_t kHeadBytes = kMagicBytes + sizeof(std::uint32_t) + sizeof(std::uint64_t);
constexpr std::size_t kChecksumBytes = 2 * sizeof(std::uint64_t);

template <class Number>
void append(std::string& out, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

template <class Number>
Number number_at(std::string_view bytes, std::size_t offset) {
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

void check_length(std::string_view bytes, const std::string& name) {
  constexpr std::size_t kAround = kHeadBytes + kChecksumBytes;
  if (bytes.size() < kAround)
    refuse(name, fmt::format("is truncated: at least {} bytes expected, {} found", kAround, bytes.size()));
  const auto length = number_at<std::uint64_t>(bytes, kMagicBytes + sizeof(std::uint32_t));
  const std::size_t found = bytes.size() - kAround;
  // Compared without the frame, so that a damaged length near 2^64 cannot wrap around.
  if (length > found)
    refuse(name, fmt::format("is truncated: {} bytes of content expected, {} found", length, found));
  if (length < found)
    refuse(name, fmt::format("is too long: {} bytes of content expected, {} found", length, found));
}

void check_checksum(std::string_view bytes, const std::string& name) {
  const std::size_t end = bytes.size() - kChecksumBytes;
  const Checksum expected{number_at<std::uint64_t>(bytes, end),
                          number_at<std::uint64_t>(bytes, end + sizeof(std::uint64_t))};
  const Checksum found = checksum(bytes.substr(0, end));
  if (found != expected)
    refuse(name, fmt::format("is damaged: checksum {} expected, {} found", expected.hex(), found.hex()));
}

}  // namespace

void refuse(const std::string& name, const std::string& fact) {
  throw FailJob(
      fmt::format(
          "{} {}; restore it from a copy, start from a savepoint, or accept doubled output from an older "
          "checkpoint with --allow-duplicates",
          name, fact),
      ExitCode::kStateUnusable);
}

std::string framed(const FrameKind& kind, std::string_view content) {
  std::string bytes(kind.magic);
  append(bytes, kind.version);
  append(bytes, static_cast<std::uint64_t>(content.size()));
  bytes.append(content);
  const Checksum sum = checksum(bytes);
  append(bytes, sum.low);
  append(bytes, sum.high);
  return bytes;
}

std::string_view unframed(const FrameKind& kind, std::string_view bytes, const std::string& name) {
  const std::string_view magic = bytes.substr(0, kMagicBytes);
  if (magic.size() == kMagicBytes && magic != kind.magic)
    refuse(name, fmt::format("is not what it should be: it does not begin with {}", kind.magic));
  check_length(bytes, name);
  check_checksum(bytes, name);
  // Only behind the checksum: until then the number may be damage instead of a version.
  const auto version = number_at<std::uint32_t>(bytes, kMagicBytes);
  if (version > kind.version)
    refuse(name, fmt::format("was written by a newer weir: its format has version {}, this program reads up "
                             "to {}; run the newer "
                             "program",
                             version, kind.version));
  if (version == 0) refuse(name, "has format version 0, which was never written");
  return bytes.substr(kHeadBytes, bytes.size() - kHeadBytes - kChecksumBytes);
}

}  // namespace weir
