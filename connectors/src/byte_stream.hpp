#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace weir {

enum class Compression { kNone, kGzip, kZstd };

/// By the ending of the name: .gz, .zst.
Compression compression_of(const std::string& path);

/// The content of a file, uncompressed, from front to back.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Up to `size` bytes; 0 at the end, and only there. Throws RestartJob when the file cannot be read,
  /// FailJob when its compression is damaged or ends in the middle.
  virtual std::size_t read(char* to, std::size_t size) = 0;
  /// Passes over `bytes` of content. Returns how many there were.
  virtual std::uint64_t skip(std::uint64_t bytes);
  /// Bytes of the file itself that have been read, and that it had when it was opened.
  virtual std::uint64_t file_bytes_read() const = 0;
  virtual std::uint64_t file_bytes() const = 0;
};

/// Throws FailJob(kCannotConnect), naming the file, when it cannot be opened.
std::unique_ptr<ByteStream> open_stream(const std::string& path, Compression compression);

}  // namespace weir
