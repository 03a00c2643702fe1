#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "compression.hpp"

namespace weir {

/// The content of a file, uncompressed, from front to back.
class ByteStream {
 public:
  struct Got {
    std::size_t bytes = 0;
    bool ended = false;  ///< there is no more, now and later
  };
  virtual ~ByteStream() = default;
  /// Up to `size` bytes, from at most one block of the file: where that gives no content (the padding of a tape, empty members)
  /// there are none, and more may follow. Throws RestartJob when the file cannot be read, FailJob when its compression is
  /// damaged, ends in the middle, or needs more memory than is allowed.
  virtual Got read(char* to, std::size_t size) = 0;
  /// Passes over `bytes` of content, where that costs nothing. Returns how many have been passed over.
  virtual std::uint64_t skip(std::uint64_t bytes) = 0;
  /// Whether skip() does all that it is asked for, up to the end.
  virtual bool seeks() const = 0;
  /// Bytes of the file itself that have been read, and that it had when it was opened.
  virtual std::uint64_t file_bytes_read() const = 0;
  virtual std::uint64_t file_bytes() const = 0;
};

/// `window_bytes`: the largest zstd window that may be kept in memory. Throws FailJob(kCannotConnect), naming the file, when it
/// cannot be opened.
std::unique_ptr<ByteStream> open_stream(const std::string& path, Compression compression,
                                        std::uint64_t window_bytes);

}  // namespace weir
