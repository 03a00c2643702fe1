#include "record_scanner.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <weir/core/utf8.hpp>

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
  if (skip_to_ > offset()) {
    Record passed = pass_to_offset();
    if (passed.found != Found::kRecord) return passed;
  }
  if (inside_line_) {
    Record checked = check_line_begin();
    if (checked.found != Found::kRecord) return checked;
  }
  if (overlong_begun_) return pass_overlong();
  while (true) {
    const std::size_t line_end = find_end();
    if (line_end != kNone && line_end - begin_ <= max_record_bytes_) return take(line_end, Found::kRecord);
    if (end_ - begin_ > max_record_bytes_) return give_up();
    if (at_end_) return end_of_content();
    if (!may_refill()) return {Found::kMore, {}, offset(), 0};
    refill();
  }
}

/// Moves what is left to the front, makes room and reads once.
void RecordScanner::refill() {
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    base_ += static_cast<std::int64_t>(begin_);
    scanned_ -= std::min(scanned_, begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (capacity_ - end_ < kBlockBytes) make_room();
  const ByteStream::Got got = stream_->read(buffer_.get() + end_, kBlockBytes);
  end_ += got.bytes;
  at_end_ = got.ended;
  // A block of the file has been looked at, whatever it gave.
  allowed_bytes_ -= std::min(allowed_bytes_, kBlockBytes);
}

void RecordScanner::make_room() {
  const std::size_t larger = std::max(capacity_ * 2, 2 * kBlockBytes);
  auto moved = std::make_unique_for_overwrite<char[]>(larger);
  if (end_ > 0) std::memcpy(moved.get(), buffer_.get(), end_);
  buffer_ = std::move(moved);
  capacity_ = larger;
}

/// Index of the line end that closes the record at begin_, or kNone.
std::size_t RecordScanner::find_end() {
  if (begin_ == end_) return kNone;
  if (in_quotes_) return find_csv_end();
  const char* buffer = buffer_.get();
  const std::size_t from = std::max(begin_, scanned_);
  const char* line_end = find_byte(buffer + from, buffer + end_, '\n');
  const std::size_t stop = line_end == nullptr ? end_ : static_cast<std::size_t>(line_end - buffer);
  if (framing_.quotes && find_byte(buffer + from, buffer + stop, '"') != nullptr) {
    in_quotes_ = true;
    place_ = Place::kFieldBegin;
    scanned_ = begin_;
    return find_csv_end();
  }
  scanned_ = stop;
  return line_end == nullptr ? kNone : stop;
}

/// The same for a record with quotes. A quote opens only at the beginning of a field; elsewhere it is text.
std::size_t RecordScanner::find_csv_end() {
  const char* const buffer = buffer_.get();
  const char* const end = buffer + end_;
  const char* next = buffer + scanned_;
  while (next != end) {
    switch (place_) {
      case Place::kFieldBegin:
        place_ = *next == '"' ? Place::kQuoted : Place::kPlain;
        if (place_ == Place::kQuoted) ++next;
        break;
      case Place::kPlain:
        while (next != end && *next != framing_.separator && *next != '\n') ++next;
        if (next == end) break;
        if (*next == '\n') return scanned_ = static_cast<std::size_t>(next - buffer);
        ++next;
        place_ = Place::kFieldBegin;
        break;
      case Place::kQuoted:
        next = find_byte(next, end, '"');
        if (next == nullptr) {
          next = end;
        } else {
          ++next;
          place_ = Place::kQuoteSeen;
        }
        break;
      case Place::kQuoteSeen:
        // Two of them are one in the text.
        place_ = *next == '"' ? Place::kQuoted : Place::kPlain;
        if (place_ == Place::kQuoted) ++next;
        break;
    }
  }
  scanned_ = end_;
  return kNone;
}

void RecordScanner::begin_record_at(std::size_t index) {
  begin_ = scanned_ = index;
  in_quotes_ = false;
}

RecordScanner::Record RecordScanner::take(std::size_t line_end, Found found) {
  Record record{found, {buffer_.get() + begin_, line_end - begin_}, offset(), line_end - begin_};
  if (record.text.ends_with('\r')) record.text.remove_suffix(1);
  begin_record_at(line_end + 1);
  return record;
}

/// What follows the last line end is a record as well.
RecordScanner::Record RecordScanner::rest(Found found) {
  Record record{found, {buffer_.get() + begin_, end_ - begin_}, offset(), end_ - begin_};
  if (record.text.ends_with('\r')) record.text.remove_suffix(1);
  begin_record_at(end_);
  return record;
}

RecordScanner::Record RecordScanner::end_of_content() {
  if (begin_ < end_) return is_unclosed() ? give_up() : rest(Found::kRecord);
  // Many files may be open at a time; those that are through need no memory.
  base_ += static_cast<std::int64_t>(begin_);
  begin_ = scanned_ = end_ = capacity_ = 0;
  buffer_.reset();
  return {Found::kEnd, {}, offset(), 0};
}

/// The record is too long, or its quote is never closed.
RecordScanner::Record RecordScanner::give_up() {
  if (is_unclosed()) {
    const char* line_end = find_byte(buffer_.get() + begin_, buffer_.get() + end_, '\n');
    if (line_end != nullptr)
      return take(static_cast<std::size_t>(line_end - buffer_.get()), Found::kUnclosedQuote);
    if (end_ - begin_ <= max_record_bytes_) return rest(Found::kUnclosedQuote);
  }
  const std::string_view text(buffer_.get() + begin_, end_ - begin_);
  overlong_ = utf8_front(text, kShownBytes);
  overlong_offset_ = offset();
  overlong_begun_ = true;
  return pass_overlong();
}

RecordScanner::Record RecordScanner::pass_overlong() {
  while (true) {
    const char* line_end =
        begin_ == end_ ? nullptr : find_byte(buffer_.get() + begin_, buffer_.get() + end_, '\n');
    begin_record_at(line_end == nullptr ? end_ : static_cast<std::size_t>(line_end - buffer_.get()) + 1);
    if (line_end != nullptr || at_end_) {
      overlong_begun_ = false;
      const std::int64_t bytes = offset() - overlong_offset_ - (line_end != nullptr ? 1 : 0);
      return {Found::kOverlong, overlong_, overlong_offset_, static_cast<std::uint64_t>(bytes)};
    }
    if (!may_refill()) return {Found::kMore, {}, offset(), 0};
    refill();
  }
}

bool RecordScanner::skip_to(std::int64_t target) {
  skip_to_ = target;
  if (target <= offset()) return true;
  // The byte before tells whether a line begins there.
  const std::int64_t before = target - 1;
  const auto held = static_cast<std::int64_t>(end_) + base_;
  if (before <= held) {
    begin_record_at(static_cast<std::size_t>(before - base_));
    return true;
  }
  if (!stream_->seeks()) return true;
  const auto distance = static_cast<std::uint64_t>(before - held);
  begin_record_at(0);
  end_ = 0;
  base_ = before;
  return stream_->skip(distance) == distance;
}

/// kRecord when the offset has been reached.
RecordScanner::Record RecordScanner::pass_to_offset() {
  while (true) {
    const auto ahead = static_cast<std::uint64_t>(skip_to_ - offset());
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(ahead, end_ - begin_));
    if (step > 0) inside_line_ = buffer_[begin_ + step - 1] != '\n';
    begin_record_at(begin_ + step);
    if (offset() == skip_to_) return {Found::kRecord, {}, offset(), 0};
    if (at_end_) return {Found::kShorter, {}, offset(), 0};
    if (!may_refill()) return {Found::kMore, {}, offset(), 0};
    refill();
  }
}

/// kRecord when a record may begin here: nothing goes on, or a line end only.
RecordScanner::Record RecordScanner::check_line_begin() {
  while (begin_ == end_ && !at_end_) {
    if (!may_refill()) return {Found::kMore, {}, offset(), 0};
    refill();
  }
  const bool goes_on = begin_ < end_ && buffer_[begin_] != '\n' && buffer_[begin_] != '\r';
  inside_line_ = goes_on;
  return {goes_on ? Found::kContinued : Found::kRecord, {}, offset(), 0};
}

std::string_view RecordScanner::peek(std::size_t size) {
  while (end_ - begin_ < size && may_refill()) refill();
  return {buffer_.get() + begin_, std::min(size, end_ - begin_)};
}

}  // namespace weir
