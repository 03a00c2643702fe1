#include "file_reader.hpp"

#include <algorithm>

#include <fmt/core.h>

#include <weir/core/error.hpp>
#include <weir/core/hash.hpp>

#include "csv_format.hpp"
#include "file_listing.hpp"

namespace weir {

namespace {

constexpr std::size_t kHeadBytes = 4096;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string format_for(const std::string& path, const FileReading& reading) {
  if (reading.format) return *reading.format == "jsonl" ? "json" : *reading.format;
  if (const std::optional<std::string> format = format_of(path)) return *format;
  throw FailJob(
      fmt::format("file source: the name of `{}` does not tell its format; add ?format=csv, ?format=jsonl or "
                  "?format=raw to the address",
                  path),
      ExitCode::kUsage);
}

}  // namespace

FileReader::FileReader(const std::string& path, const FileReading& reading, const RowSchema& schema,
                       const std::optional<Position>& position)
    : path_(path),
      format_(format_for(path, reading)),
      compression_(compression_of(path)),
      max_record_bytes_(reading.max_record_bytes),
      scanner_(open_stream(path, compression_), format_ == "csv" ? Framing::kCsv : Framing::kLines,
               max_record_bytes_),
      head_(scanner_.peek(kHeadBytes)) {
  if (format_ != "raw" && head_.starts_with(kByteOrderMark)) scanner_.skip_to(kByteOrderMark.size());
  if (format_ == "csv") {
    CsvLayout layout{reading.columns, reading.null};
    if (reading.header) layout.columns = read_header();
    try {
      decoder_ = make_csv_decoder(schema, layout);
    } catch (const FailJob& failure) {
      throw FailJob(fmt::format("`{}`: {}", path_, failure.what()), failure.code());
    }
  } else {
    decoder_ = make_decoder(format_, schema);
  }
  if (position) resume_at(*position);
}

std::vector<std::string> FileReader::read_header() {
  std::vector<std::string> columns;
  while (true) {
    const RecordScanner::Record record = scanner_.next();
    if (record.found == RecordScanner::Found::kEnd) return {};
    if (record.found == RecordScanner::Found::kRecord && record.text.empty()) continue;
    std::string why = "it is too long, or has a quote that is never closed";
    if (record.found == RecordScanner::Found::kRecord && split_csv(record.text, columns, why)) return columns;
    throw FailJob(
        fmt::format(
            "`{}`: its first line should name the columns, but {}; with ?header=false the columns are taken "
            "from ?columns=… or the row type",
            path_, why),
        ExitCode::kUsage);
  }
}

void FileReader::resume_at(const Position& position) {
  position_ = position.offset;
  if (!position.detail.empty() && position.detail != fingerprint(position.offset))
    throw FailJob(fmt::format("`{}` is not the file that was read before: its first {} bytes have changed. "
                              "Put the file back under "
                              "its name, or give new content a new name",
                              path_, std::min<std::int64_t>(position.offset, kHeadBytes)),
                  ExitCode::kStateUnusable);
  if (position.offset > scanner_.offset() && !scanner_.skip_to(position.offset))
    throw FailJob(fmt::format("`{}` is shorter than when it was read before: the job goes on from byte {} of "
                              "its content, which is no "
                              "longer there. Put the file back as it was",
                              path_, position.offset),
                  ExitCode::kStateUnusable);
}

std::string FileReader::fingerprint(std::int64_t offset) const {
  const auto size = static_cast<std::size_t>(std::clamp<std::int64_t>(offset, 0, kHeadBytes));
  const std::string_view first = std::string_view(head_).substr(0, size);
  return fmt::format("first={};xxh3={:016x}", size, hash_bytes(first));
}

Position FileReader::position() const { return {position_, fingerprint(position_)}; }

bool FileReader::is_blank(std::string_view text) const {
  if (format_ == "raw") return false;
  return format_ == "csv" ? text.empty() : text.find_first_not_of(" \t\r") == std::string_view::npos;
}

ReadStatus FileReader::read(RowSink& rows, std::size_t limit) {
  if (ended_) return ReadStatus::kEnd;
  std::size_t taken = 0;
  while (taken < limit) {
    const RecordScanner::Record record = scanner_.next();
    if (record.found == RecordScanner::Found::kEnd) {
      ended_ = true;
      return taken > 0 ? ReadStatus::kRows : ReadStatus::kEnd;
    }
    if (record.found == RecordScanner::Found::kRecord && is_blank(record.text)) continue;
    position_ = scanner_.offset();
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
  rows.reject({record.offset, reason_, record.text.substr(0, RecordScanner::kShownBytes)});
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
