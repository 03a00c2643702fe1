#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "byte_stream.hpp"

namespace weir {

/// How records end: at every line end, or at line ends outside quotes.
enum class Framing { kLines, kCsv };

/// Cuts the content of a file into records, without looking at what they say. Holds at most one record and
/// one block in memory.
class RecordScanner {
 public:
  RecordScanner(std::unique_ptr<ByteStream> stream, Framing framing, std::size_t max_record_bytes);

  enum class Found {
    kRecord,
    kOverlong,       ///< `text` is its beginning; the rest, up to the next line end, has been passed over
    kUnclosedQuote,  ///< `text` is the first line of it; what follows is read as records of its own
    kEnd,
  };
  struct Record {
    Found found;
    std::string_view text;  ///< without its line end; valid until the next call
    std::int64_t offset;    ///< of its first byte
  };
  Record next();

  /// Of the first byte after what next() gave last, its line end included.
  std::int64_t offset() const { return base_ + static_cast<std::int64_t>(begin_); }
  /// Passes over content up to `offset`, which must not lie behind. False when the content ends before.
  bool skip_to(std::int64_t offset);
  /// The first bytes of what has not been handed over yet, `size` of them unless the content ends before.
  std::string_view peek(std::size_t size);
  const ByteStream& stream() const { return *stream_; }

  /// How much of an overlong record is kept to be shown.
  static constexpr std::size_t kShownBytes = 64 * 1024;

 private:
  static constexpr std::size_t kBlockBytes = 256 * 1024;
  static constexpr std::size_t kNone = ~std::size_t{0};

  bool refill();
  std::size_t find_end(bool& unclosed);
  std::size_t find_csv_end(bool& unclosed) const;
  Record take(std::size_t line_end, Found found);
  Record pass_overlong();
  Record pass_unclosed();
  Record rest();

  std::unique_ptr<ByteStream> stream_;
  const Framing framing_;
  const std::size_t max_record_bytes_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;    ///< of what has not been handed over
  std::size_t scanned_ = 0;  ///< no line end between begin_ and here; only for kLines
  std::size_t end_ = 0;
  std::int64_t base_ = 0;  ///< offset of the buffer's first byte
  bool at_end_ = false;
  std::string overlong_;
};

}  // namespace weir
