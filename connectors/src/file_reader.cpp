#include "file_reader.hpp"

#include <algorithm>

#include <fmt/core.h>

#include <weir/core/error.hpp>

#include "file_head.hpp"
#include "file_listing.hpp"
#include "input_kind.hpp"

namespace weir {

namespace {

/// What comes before a CSV header is looked through in so many steps of a mebibyte.
constexpr int kFirstSteps = 32;

std::string format_for(const std::string& path, const FileReading& reading) {
  if (reading.format) return *reading.format == "jsonl" ? "json" : *reading.format;
  if (const std::optional<std::string> format = format_of(path)) return *format;
  throw FailJob(
      fmt::format("file source: the name of `{}` does not tell its format; add ?format=csv, ?format=jsonl or "
                  "?format=raw to the address",
                  path),
      ExitCode::kUsage);
}

std::string first_bytes_of(const std::string& path) {
  std::string bytes(kMagicBytes, '\0');
  bytes.resize(open_stream(path, Compression::kNone, 0)->read(bytes.data(), bytes.size()).bytes);
  return bytes;
}

std::string_view name_of(Compression compression) {
  return compression == Compression::kGzip ? "gzip" : "zstd";
}

/// How the content is compressed, which its first bytes have to agree with.
Compression compression_for(const std::string& path, const FileReading& reading) {
  const Compression compression = reading.compression.value_or(compression_of(path));
  const std::string first = first_bytes_of(path);
  if (begins_like(first, compression)) return compression;
  const auto kind = kind_by_content(first);
  if (compression != Compression::kNone)
    throw FailJob(
        fmt::format("`{}` should be {}, by its {}, but {}; give it the name that it should have, or say "
                    "?compress=none, gz or zst",
                    path, name_of(compression), reading.compression ? "parameter `compress`" : "name",
                    kind ? fmt::format("it is {}", *kind)
                         : "its content is not compressed, or is no file of that kind"),
        ExitCode::kUsage);
  if (reading.compression) return compression;  // somebody has looked
  const bool known = kind == "gzip" || kind == "zstd";
  throw FailJob(
      fmt::format("`{}` is {}, which {}", path, *kind,
                  known ? "its name does not tell: let it end with .gz or .zst, or say ?compress=gz or zst"
                        : "cannot be read: what can are CSV, lines of JSON and plain lines, as they are "
                          "or compressed with gzip or zstd"),
      ExitCode::kUsage);
}

Framing framing_of(const std::string& format, const FileReading& reading) {
  return {format == "csv", reading.separator};
}

}  // namespace

FileReader::FileReader(const std::string& path, const FileReading& reading, const RowSchema& schema,
                       const std::optional<Position>& position, std::shared_ptr<SourceNotes> notes)
    : path_(path),
      notes_(std::move(notes)),
      compression_(compression_for(path, reading)),
      format_(format_for(path, reading)),
      max_record_bytes_(reading.max_record_bytes),
      scanner_(open_stream(path, compression_, reading.max_window_bytes), framing_of(format_, reading),
               max_record_bytes_),
      head_(head_of(scanner_, kFileHeadBytes)) {
  check_content();
  if (format_ != "raw" && head_.starts_with(kByteOrderMark)) scanner_.drop(kByteOrderMark.size());
  if (format_ == "csv") make_csv(reading, schema);
  else decoder_ = make_decoder(format_, schema, notes_);
  if (position) resume_at(*position);
}

void FileReader::check_content() {
  if (compression_ != Compression::kNone && scanner_.stream().file_bytes() == 0 && notes_)
    notes_->once(
        "empty " + path_,
        fmt::format("`{}` has no byte at all, not even the header of an empty {} file: it is taken for "
                    "empty; is it still being written or copied?",
                    path_, name_of(compression_)));
  if (head_.size() < kFileHeadBytes && !scanner_.at_end())
    throw FailJob(fmt::format("`{}` has {} bytes of content in its first mebibytes; it is not read", path_,
                              head_.size()),
                  ExitCode::kUsage);
  if (format_ == "raw") return;
  if (const auto what = other_kind(head_, format_))
    throw FailJob(fmt::format("`{}` {}", path_, *what), ExitCode::kUsage);
}

void FileReader::make_csv(const FileReading& reading, const RowSchema& schema) {
  CsvLayout layout;
  if (reading.header) layout = read_header();
  else layout.columns = reading.columns;
  layout.null = reading.null;
  layout.separator = reading.separator;
  try {
    decoder_ = make_csv_decoder(schema, layout, notes_.get());
  } catch (const FailJob& failure) {
    throw FailJob(fmt::format("`{}`: {}", path_, failure.what()), failure.code());
  }
}

CsvLayout FileReader::read_header() {
  for (int steps = 0;;) {
    const RecordScanner::Record record = scanner_.next();
    switch (record.found) {
      case RecordScanner::Found::kEnd:
        return {};
      case RecordScanner::Found::kMore:
        if (++steps > kFirstSteps) refuse_header("there is none in its first mebibytes");
        scanner_.begin_step();
        continue;
      case RecordScanner::Found::kRecord:
        break;
      default:
        refuse_header("it is too long, or has a quote that is never closed");
    }
    if (record.text.empty()) continue;
    if (record.text.find('\r') != std::string_view::npos)
      refuse_header(fmt::format("it has a carriage return in it; {}", kEndWithCr));
    if (record.text.find('\0') != std::string_view::npos) refuse_header("it has zero bytes in it");
    CsvLayout layout;
    layout.header = record.text;
    std::string why;
    if (!split_csv(record.text, scanner_.framing().separator, layout.columns, why)) refuse_header(why);
    return layout;
  }
}

void FileReader::refuse_header(std::string_view why) const {
  throw FailJob(
      fmt::format(
          "`{}`: its first line should name the columns, but {}. With ?header=false the columns are taken "
          "from ?columns=… or the row type",
          path_, why),
      ExitCode::kUsage);
}

void FileReader::resume_at(const Position& position) {
  position_ = position.offset;
  if (!position.detail.empty() && position.detail != head_fingerprint(head_, position.offset))
    throw FailJob(fmt::format("`{}` is not the file that was read before: its first {} bytes have changed. "
                              "Put the file back under "
                              "its name, or give new content a new name",
                              path_, std::min<std::int64_t>(position.offset, kFileHeadBytes)),
                  ExitCode::kStateUnusable);
  if (position.offset > scanner_.offset() && !scanner_.skip_to(position.offset)) is_shorter();
}

void FileReader::is_shorter() const {
  throw FailJob(fmt::format("`{}` is shorter than when it was read before: the job goes on from byte {} of "
                            "its content, which is no "
                            "longer there. Put the file back as it was",
                            path_, position_),
                ExitCode::kStateUnusable);
}

Position FileReader::position() const { return {position_, head_fingerprint(head_, position_)}; }

void FileReader::goes_on_in_line() const {
  throw FailJob(
      fmt::format(
          "`{}` goes on, at byte {} of its content, in the middle of the line that it had ended with: what "
          "there "
          "was of the line has been read as a record. Put a line end there to have the rest read as one of "
          "its own, or put the file back as it was; files that are read should grow by whole lines",
          path_, position_),
      ExitCode::kStateUnusable);
}

bool FileReader::is_blank(std::string_view text) const {
  if (format_ == "raw") return false;
  return format_ == "csv" ? text.empty() : text.find_first_not_of(" \t\r") == std::string_view::npos;
}

ReadStatus FileReader::read(RowSink& rows, std::size_t limit) {
  if (ended_) return ReadStatus::kEnd;
  scanner_.begin_step();
  for (std::size_t taken = 0; taken < limit;) {
    const RecordScanner::Record record = scanner_.next();
    switch (record.found) {
      case RecordScanner::Found::kMore:
        return ReadStatus::kRows;
      case RecordScanner::Found::kEnd:
        ended_ = true;
        return taken > 0 ? ReadStatus::kRows : ReadStatus::kEnd;
      case RecordScanner::Found::kShorter:
        is_shorter();
      case RecordScanner::Found::kContinued:
        goes_on_in_line();
      default:
        break;
    }
    position_ = scanner_.offset();
    if (record.found == RecordScanner::Found::kRecord && is_blank(record.text)) continue;
    take(record, rows);
    ++taken;
  }
  return ReadStatus::kRows;
}

void FileReader::take(const RecordScanner::Record& record, RowSink& rows) {
  switch (record.found) {
    case RecordScanner::Found::kOverlong:
      reason_ = fmt::format("longer than max_record_bytes={}", max_record_bytes_);
      break;
    case RecordScanner::Found::kUnclosedQuote:
      reason_ = "a quote that is never closed";
      break;
    default:
      if (decoder_->decode(record.text, rows.batch(), reason_)) return;
  }
  rows.reject({record.offset, reason_, record.text, {}, record.bytes});
}

std::optional<double> FileReader::progress() const {
  if (ended_) return 1.0;
  const ByteStream& stream = scanner_.stream();
  if (stream.file_bytes() == 0) return 0.0;
  const std::uint64_t read =
      compression_ == Compression::kNone ? static_cast<std::uint64_t>(position_) : stream.file_bytes_read();
  return std::min(1.0, static_cast<double>(read) / static_cast<double>(stream.file_bytes()));
}

}  // namespace weir
