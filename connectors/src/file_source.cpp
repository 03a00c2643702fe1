#include <fmt/core.h>

#include <weir/core/error.hpp>

#include "file_connector.hpp"
#include "file_listing.hpp"
#include "file_reader.hpp"
#include "missing_files.hpp"
#include "parameters.hpp"

namespace weir {

namespace {

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') parts.emplace_back();
    else parts.back() += c;
  }
  return parts;
}

char separator_of(const std::string& text, const Parameters& parameters) {
  if (text == "tab") return '\t';
  if (text.size() == 1 && text != "\"" && text != "\n" && text != "\r") return text.front();
  parameters.refuse("parameter `separator` is one character between fields, such as ; or |, or the word tab");
}

FileReading reading_of(const Parameters& parameters) {
  FileReading reading;
  reading.format = parameters.one_of("format", {"csv", "json", "jsonl", "raw"});
  reading.max_record_bytes = parameters.count("max_record_bytes").value_or(reading.max_record_bytes);
  if (const auto word = parameters.one_of("compress", {"none", "gz", "zst"}))
    reading.compression = compression_called(*word);
  reading.max_window_bytes = parameters.count("max_window_bytes").value_or(reading.max_window_bytes);
  if (const auto separator = parameters.text("separator"))
    reading.separator = separator_of(*separator, parameters);
  reading.null = parameters.text("null").value_or("");
  reading.header = parameters.flag("header").value_or(true);
  if (const auto columns = parameters.text("columns")) {
    if (reading.header) parameters.refuse("columns= is for files without a header line; add header=false");
    reading.columns = split_commas(*columns);
  }
  if (reading.format && *reading.format != "csv") {
    for (const char* key : {"null", "header", "columns", "separator"})
      if (parameters.text(key)) parameters.refuse(fmt::format("parameter `{}` is for format=csv", key));
  }
  return reading;
}

class FileSource final : public Source {
 public:
  FileSource(std::string path, FileReading reading, bool ignores_missing, const ConnectorContext& context)
      : path_(std::move(path)),
        reading_(std::move(reading)),
        ignores_missing_(ignores_missing),
        schema_(*context.schema),
        name_(context.name),
        log_(context.warn ? context.warn : [](const std::string&) {}),
        notes_(std::make_shared<SourceNotes>(context.name, context.warn)) {}

  std::vector<std::string> partitions() override {
    listing_.reset();
    return listing().names;
  }

  void check_restored(const std::vector<RestoredPartition>& restored) override {
    MissingFiles missing(path_, name_, reading_, listing(), restored);
    missing.check(ignores_missing_, log_);
  }

  std::unique_ptr<PartitionReader> open(const std::string& partition, const std::optional<Position>& position,
                                        std::function<void()>) override {
    return std::make_unique<FileReader>(listing().base + partition, reading_, schema_, position, notes_);
  }

 private:
  const FileListing& listing() {
    if (listing_) return *listing_;
    listing_ = list_files(path_);
    for (const std::string& path : listing_->passed_over)
      notes_->once(
          path,
          fmt::format("`{}` is neither a file nor a directory, or a link to nothing: it is not read", path));
    return *listing_;
  }

  const std::string path_;
  const FileReading reading_;
  const bool ignores_missing_;
  const RowSchema& schema_;
  const std::string name_;
  const std::function<void(const std::string&)> log_;
  const std::shared_ptr<SourceNotes> notes_;
  std::optional<FileListing> listing_;
};

}  // namespace

std::string path_of_file_address(const ConnectorUri& uri) {
  if (!uri.authority.empty())
    throw FailJob(fmt::format("address `{}`: a file has no host; write file:{}/{} for a relative path, "
                              "file:/{}/{} for an absolute one",
                              uri.redacted(), uri.authority, uri.path, uri.authority, uri.path),
                  ExitCode::kUsage);
  if (uri.path.empty())
    throw FailJob(fmt::format("address `{}`: a path is missing, as in file:data/flights.csv", uri.redacted()),
                  ExitCode::kUsage);
  return file_path(uri.path);
}

std::unique_ptr<Source> make_file_source(const ConnectorUri& uri, const ConnectorContext& context) {
  const Parameters parameters(uri, context.settings,
                              {"format", "compress", "max_record_bytes", "max_window_bytes", "null", "header",
                               "columns", "separator", "missing"});
  return std::make_unique<FileSource>(path_of_file_address(uri), reading_of(parameters),
                                      parameters.one_of("missing", {"refuse", "ignore"}) == "ignore",
                                      context);
}

}  // namespace weir
