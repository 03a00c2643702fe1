#include "file_head.hpp"

#include <algorithm>

#include <fmt/core.h>

#include <weir/core/error.hpp>
#include <weir/core/hash.hpp>

namespace weir {

namespace {
/// Of a mebibyte each; the first content of a file may lie behind much that is none.
constexpr int kStepsMost = 32;
}  // namespace

std::string head_fingerprint(std::string_view head, std::int64_t offset) {
  const auto size = static_cast<std::size_t>(
      std::clamp<std::int64_t>(offset, 0, static_cast<std::int64_t>(kFileHeadBytes)));
  const std::string_view first = head.substr(0, size);
  return fmt::format("first={};xxh3={:016x}", size, hash_bytes(first));
}

std::string head_of(RecordScanner& scanner, std::size_t bytes) {
  std::string_view head = scanner.peek(bytes);
  for (int steps = 1; steps < kStepsMost && head.size() < bytes && !scanner.at_end(); ++steps) {
    scanner.begin_step();
    head = scanner.peek(bytes);
  }
  return std::string(head);
}

std::string read_head(const std::string& path, const FileReading& reading) try {
  const Compression compression = reading.compression.value_or(compression_of(path));
  RecordScanner scanner(open_stream(path, compression, reading.max_window_bytes), Framing{},
                        reading.max_record_bytes);
  return head_of(scanner, kFileHeadBytes + 1);
} catch (const FailJob&) {
  return "";
}

bool is_head_of(std::string_view head, const Position& position) {
  if (position.offset <= 0 || position.detail != head_fingerprint(head, position.offset)) return false;
  const auto read = static_cast<std::size_t>(position.offset);
  return read >= kFileHeadBytes ? head.size() >= kFileHeadBytes : head.size() == read;
}

bool is_file_position(const Position& position) { return position.detail.starts_with("first="); }

}  // namespace weir
