#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "byte_stream.hpp"

namespace weir {

/// How records end: at every line end, or at line ends outside quotes.
struct Framing {
  bool quotes = false;
  char separator = ',';  ///< of fields: a quote opens behind one
};

/// Cuts the content of a file into records, without looking at what they say. Holds at most one record and
/// one block in memory.
class RecordScanner {
 public:
  RecordScanner(std::unique_ptr<ByteStream> stream, Framing framing, std::size_t max_record_bytes);

  enum class Found {
    kRecord,
    kOverlong,       ///< `text` is its beginning; the rest, up to the next line end, has been passed over
    kUnclosedQuote,  ///< `text` is the first line of it; what follows is read as records of its own
    kMore,           ///< nothing yet: the step is over, go on with another one
    kEnd,
    kShorter,    ///< the content ends before the offset that was to be reached
    kContinued,  ///< that offset lies in the middle of a line, which goes on there
  };
  struct Record {
    Found found;
    std::string_view text;  ///< without its line end; valid until the next call
    std::int64_t offset;    ///< of its first byte
    std::uint64_t bytes;    ///< how long it is, also where `text` is only its beginning
  };

  /// Allows as much work as one call into a reader may do. What next() has begun it goes on with in the next step.
  void begin_step() { allowed_bytes_ = kStepBytes; }
  Record next();

  /// Of the first byte after what next() gave last, its line end included.
  std::int64_t offset() const { return base_ + static_cast<std::int64_t>(begin_); }
  /// Goes on at `offset`, which must not lie behind: at once where the file can be sought in, and otherwise by the steps to come.
  /// False when it is known now that the content ends before.
  bool skip_to(std::int64_t offset);
  /// Leaves out the first bytes of what has been peeked at.
  void drop(std::size_t size) { begin_record_at(begin_ + size); }
  /// The first bytes of what has not been handed over yet, `size` of them unless the content, or the step, ends before.
  std::string_view peek(std::size_t size);
  /// Whether all of the content has been read into memory, or handed over.
  bool at_end() const { return at_end_; }
  const Framing& framing() const { return framing_; }
  const ByteStream& stream() const { return *stream_; }

  /// How much of an overlong record is kept to be shown.
  static constexpr std::size_t kShownBytes = 64 * 1024;

 private:
  static constexpr std::size_t kBlockBytes = 256 * 1024;
  static constexpr std::size_t kStepBytes = 1024 * 1024;
  static constexpr std::size_t kNone = ~std::size_t{0};

  /// Where the search for the end of a record with quotes has come.
  enum class Place { kFieldBegin, kPlain, kQuoted, kQuoteSeen };

  bool may_refill() const { return !at_end_ && allowed_bytes_ > 0; }
  void refill();
  void make_room();
  std::size_t find_end();
  std::size_t find_csv_end();
  Record take(std::size_t line_end, Found found);
  Record rest(Found found);
  Record end_of_content();
  Record give_up();
  Record pass_overlong();
  Record pass_to_offset();
  Record check_line_begin();
  void begin_record_at(std::size_t index);
  bool is_unclosed() const { return in_quotes_ && place_ == Place::kQuoted; }

  std::unique_ptr<ByteStream> stream_;
  const Framing framing_;
  const std::size_t max_record_bytes_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;    ///< of what has not been handed over
  std::size_t scanned_ = 0;  ///< no line end between begin_ and here, or none outside quotes
  std::size_t end_ = 0;
  std::int64_t base_ = 0;  ///< offset of the buffer's first byte
  bool at_end_ = false;
  std::size_t allowed_bytes_ = kStepBytes;
  bool in_quotes_ = false;  ///< the record at begin_ has quotes; then place_ is where scanned_ lies
  Place place_ = Place::kFieldBegin;
  bool overlong_begun_ = false;
  std::string overlong_;  ///< the beginning of the record that is passed over
  std::int64_t overlong_offset_ = 0;
  std::int64_t skip_to_ = 0;  ///< what lies before is passed over
  bool inside_line_ = false;  ///< the byte before skip_to_ is no line end
};

}  // namespace weir
