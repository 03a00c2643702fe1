#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/core/schema.hpp>
#include <weir/core/source.hpp>

#include "compression.hpp"
#include "csv_format.hpp"
#include "format.hpp"
#include "record_scanner.hpp"

namespace weir {

/// How a file source reads its files, from the parameters of its address.
struct FileReading {
  std::optional<std::string> format;                 ///< none: by the name of each file
  std::optional<Compression> compression;            ///< none: by the name of each file
  std::uint64_t max_window_bytes = 8 * 1024 * 1024;  ///< of zstd, in memory for each file
  std::size_t max_record_bytes = 16 * 1024 * 1024;
  char separator = ',';              ///< CSV
  std::string null;                  ///< CSV: one more text for "absent"
  bool header = true;                ///< CSV: the first record names the columns
  std::vector<std::string> columns;  ///< CSV without a header
};

/// Reads one file from front to back. Offsets count bytes of the uncompressed content; Position::detail
/// holds a fingerprint of the content's beginning, so that another file under the same name is not taken
/// for the one that was read before.
class FileReader final : public PartitionReader {
 public:
  /// Throws FailJob: kCannotConnect when the file cannot be opened, kUsage when its content, format or header does
  /// not suit the schema or its name, kStateUnusable when it is not the file that `position` belongs to. That a compressed file is
  /// shorter than that comes out when it is read: what lies before the position is passed over then, a step at a time.
  FileReader(const std::string& path, const FileReading& reading, const RowSchema& schema,
             const std::optional<Position>& position, std::shared_ptr<SourceNotes> notes = nullptr);

  ReadStatus read(RowSink& rows, std::size_t limit) override;
  Position position() const override;
  std::optional<double> progress() const override;

 private:
  bool is_blank(std::string_view text) const;
  void take(const RecordScanner::Record& record, RowSink& rows);
  void check_content();
  void make_csv(const FileReading& reading, const RowSchema& schema);
  CsvLayout read_header();
  [[noreturn]] void refuse_header(std::string_view why) const;
  [[noreturn]] void is_shorter() const;
  [[noreturn]] void goes_on_in_line() const;
  void resume_at(const Position& position);

  const std::string path_;
  const std::shared_ptr<SourceNotes> notes_;
  const Compression compression_;
  const std::string format_;
  const std::size_t max_record_bytes_;
  RecordScanner scanner_;
  std::string head_;  ///< the first bytes of the content
  std::unique_ptr<RowDecoder> decoder_;
  std::int64_t position_ = 0;
  std::string reason_;
  bool ended_ = false;
};

}  // namespace weir
