#include "record_scanner.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir {

namespace {

const char* find_byte(const char* from, const char* end, char byte) {
  return static_cast<const char*>(std::memchr(from, byte, static_cast<std::size_t>(end - from)));
}

}  // namespace

RecordScanner::RecordScanner(std::unique_ptr<ByteStream> stream, Framing framing,
                             std::size_t max_record_bytes)
    : stream_(std::move(stream)), framing_(framing), max_record_bytes_(max_record_bytes) {}

RecordScanner::Record RecordScanner::next() {
  while (true) {
    bool unclosed = false;
    const std::size_t line_end = find_end(unclosed);
    if (line_end != kNone && line_end - begin_ <= max_record_bytes_) return take(line_end, Found::kRecord);
    if (end_ - begin_ > max_record_bytes_) return unclosed ? pass_unclosed() : pass_overlong();
    if (refill()) continue;
    if (begin_ == end_) return {Found::kEnd, {}, offset()};
    return unclosed ? pass_unclosed() : rest();
  }
}

/// Moves what is left to the front, makes room and reads once. False at the end of the content.
bool RecordScanner::refill() {
  if (at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    base_ += static_cast<std::int64_t>(begin_);
    scanned_ -= std::min(scanned_, begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (capacity_ - end_ < kBlockBytes) {
    const std::size_t larger = std::max(capacity_ * 2, 2 * kBlockBytes);
    auto moved = std::make_unique_for_overwrite<char[]>(larger);
    if (end_ > 0) std::memcpy(moved.get(), buffer_.get(), end_);
    buffer_ = std::move(moved);
    capacity_ = larger;
  }
  const std::size_t got = stream_->read(buffer_.get() + end_, capacity_ - end_);
  end_ += got;
  at_end_ = got == 0;
  return !at_end_;
}

/// Index of the line end that closes the record at begin_, or kNone.
std::size_t RecordScanner::find_end(bool& unclosed) {
  if (begin_ == end_) return kNone;
  const char* buffer = buffer_.get();
  const char* line_end = find_byte(buffer + std::max(begin_, scanned_), buffer + end_, '\n');
  scanned_ = line_end == nullptr ? end_ : static_cast<std::size_t>(line_end - buffer);
  if (framing_ == Framing::kCsv) {
    const char* stop = line_end == nullptr ? buffer + end_ : line_end;
    if (find_byte(buffer + begin_, stop, '"') != nullptr) return find_csv_end(unclosed);
  }
  return line_end == nullptr ? kNone : scanned_;
}

/// The same for a record with quotes. A quote opens only at the beginning of a field; elsewhere it is text.
std::size_t RecordScanner::find_csv_end(bool& unclosed) const {
  const char* const buffer = buffer_.get();
  const char* const end = buffer + end_;
  const char* next = buffer + begin_;
  while (true) {
    if (next != end && *next == '"') {
      do {
        next = find_byte(next + 1, end, '"');
        if (next == nullptr) {
          unclosed = true;
          return kNone;
        }
        ++next;
      } while (next != end && *next == '"');
    }
    while (next != end && *next != ',' && *next != '\n') ++next;
    if (next == end) return kNone;
    if (*next == '\n') return static_cast<std::size_t>(next - buffer);
    ++next;
  }
}

RecordScanner::Record RecordScanner::take(std::size_t line_end, Found found) {
  Record record{found, {buffer_.get() + begin_, line_end - begin_}, offset()};
  if (record.text.ends_with('\r')) record.text.remove_suffix(1);
  begin_ = scanned_ = line_end + 1;
  return record;
}

/// What follows the last line end is a record as well.
RecordScanner::Record RecordScanner::rest() {
  Record record{Found::kRecord, {buffer_.get() + begin_, end_ - begin_}, offset()};
  if (record.text.ends_with('\r')) record.text.remove_suffix(1);
  begin_ = scanned_ = end_;
  return record;
}

RecordScanner::Record RecordScanner::pass_unclosed() {
  const char* line_end = find_byte(buffer_.get() + begin_, buffer_.get() + end_, '\n');
  if (line_end != nullptr)
    return take(static_cast<std::size_t>(line_end - buffer_.get()), Found::kUnclosedQuote);
  if (end_ - begin_ > max_record_bytes_) return pass_overlong();
  Record record = rest();
  record.found = Found::kUnclosedQuote;
  return record;
}

RecordScanner::Record RecordScanner::pass_overlong() {
  const std::int64_t first = offset();
  overlong_.assign(buffer_.get() + begin_, std::min(kShownBytes, end_ - begin_));
  while (true) {
    const char* line_end = find_byte(buffer_.get() + begin_, buffer_.get() + end_, '\n');
    if (line_end != nullptr) {
      begin_ = static_cast<std::size_t>(line_end - buffer_.get()) + 1;
      break;
    }
    begin_ = end_;
    if (!refill()) break;
  }
  scanned_ = begin_;
  return {Found::kOverlong, overlong_, first};
}

bool RecordScanner::skip_to(std::int64_t target) {
  const auto held = static_cast<std::int64_t>(end_) + base_;
  if (target <= held) {
    begin_ = scanned_ = static_cast<std::size_t>(target - base_);
    return true;
  }
  const auto distance = static_cast<std::uint64_t>(target - held);
  begin_ = scanned_ = end_ = 0;
  base_ = target;
  return stream_->skip(distance) == distance;
}

std::string_view RecordScanner::peek(std::size_t size) {
  while (end_ - begin_ < size && refill()) {
  }
  return {buffer_.get() + begin_, std::min(size, end_ - begin_)};
}

}  // namespace weir
