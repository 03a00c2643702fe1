#include <fmt/core.h>

#include <weir/core/error.hpp>

#include "file_connector.hpp"
#include "file_listing.hpp"
#include "file_reader.hpp"
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

FileReading reading_of(const Parameters& parameters) {
  FileReading reading;
  reading.format = parameters.one_of("format", {"csv", "json", "jsonl", "raw"});
  reading.max_record_bytes = parameters.count("max_record_bytes").value_or(reading.max_record_bytes);
  reading.null = parameters.text("null").value_or("");
  reading.header = parameters.flag("header").value_or(true);
  if (const auto columns = parameters.text("columns")) {
    if (reading.header) parameters.refuse("columns= is for files without a header line; add header=false");
    reading.columns = split_commas(*columns);
  }
  if (reading.format && *reading.format != "csv") {
    for (const char* key : {"null", "header", "columns"})
      if (parameters.text(key)) parameters.refuse(fmt::format("parameter `{}` is for format=csv", key));
  }
  return reading;
}

class FileSource final : public Source {
 public:
  FileSource(std::string path, FileReading reading, const RowSchema& schema)
      : path_(std::move(path)), reading_(std::move(reading)), schema_(schema) {}

  std::vector<std::string> partitions() override {
    listing_ = list_files(path_);
    return listing_->names;
  }

  std::unique_ptr<PartitionReader> open(const std::string& partition, const std::optional<Position>& position,
                                        std::function<void()>) override {
    if (!listing_) listing_ = list_files(path_);
    return std::make_unique<FileReader>(listing_->base + partition, reading_, schema_, position);
  }

 private:
  const std::string path_;
  const FileReading reading_;
  const RowSchema& schema_;
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
                              {"format", "max_record_bytes", "null", "header", "columns"});
  return std::make_unique<FileSource>(path_of_file_address(uri), reading_of(parameters), *context.schema);
}

}  // namespace weir
