#include <filesystem>

#include <fmt/core.h>

#include <weir/core/error.hpp>

#include "csv_format.hpp"
#include "file_connector.hpp"
#include "file_listing.hpp"
#include "file_sink_writer.hpp"
#include "parameters.hpp"
#include "sink_directory.hpp"

namespace weir {

namespace {

class FileSink final : public Sink {
 public:
  FileSink(std::string path, std::string holder, FileWriting writing)
      : directory_(std::move(path), std::move(holder)), writing_(std::move(writing)) {
    writing_.staged_directory = directory_.staged_path();
  }

  ClaimNumber reserve(bool has_log) override { return directory_.reserve(has_log); }
  void claim(const Claim& claim) override {
    directory_.claim(claim);
    writing_.claim = directory_.claim();
  }
  void recover(Epoch restored, const std::vector<SinkPart>& parts) override {
    directory_.publish(parts, SinkDirectory::Check::kContent);
    directory_.clear_staged();
    writing_.run = restored == kNoEpoch ? directory_.begin_run() : directory_.current_run();
  }
  void commit(Epoch, const std::vector<SinkPart>& parts) override {
    directory_.publish(parts, SinkDirectory::Check::kLength);
  }
  std::unique_ptr<SinkWriter> open_writer(std::uint32_t worker) override {
    return std::make_unique<FileSinkWriter>(writing_, worker);
  }

 private:
  SinkDirectory directory_;
  FileWriting writing_;
};

std::string directory_of(const ConnectorUri& uri, const Parameters& parameters) {
  std::string path = path_of_file_address(uri);
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  std::error_code error;
  const bool is_directory = std::filesystem::is_directory(path, error);
  const bool looks_like_file = format_of(path).has_value() || compression_of(path) != Compression::kNone;
  if (!is_directory && (looks_like_file || std::filesystem::exists(path, error)))
    parameters.refuse(
        "a file sink writes part files into a directory; give one, as in file:out/?format=jsonl");
  return path;
}

}  // namespace

std::unique_ptr<Sink> make_file_sink(const ConnectorUri& uri, const ConnectorContext& context) {
  const Parameters parameters(uri, context.settings, {"format", "compress", "partition_by"});
  FileWriting writing;
  writing.schema = context.schema;
  if (const auto columns = parameters.text("partition_by")) {
    writing.partition_by = PartitionColumns(*columns, *context.schema, parameters);
    writing.schema = &writing.partition_by.rest();
  }
  const std::string format = parameters.one_of("format", {"jsonl", "json", "csv"}).value_or("jsonl");
  writing.format = format == "csv" ? "csv" : "json";
  writing.ending = format == "csv" ? ".csv" : ".jsonl";
  if (writing.format == "csv") writing.header = csv_header(*writing.schema) + "\n";
  const std::string compress = parameters.one_of("compress", {"none", "gz", "zst"}).value_or("none");
  if (compress != "none") writing.ending += "." + compress;
  writing.compression = compression_of(writing.ending);
  writing.vertex = context.name;
  writing.environment = context.environment;
  make_encoder(writing.format, *writing.schema);
  return std::make_unique<FileSink>(
      directory_of(uri, parameters),
      fmt::format("job {} instance {} sink {}", context.job, context.instance, context.name),
      std::move(writing));
}

}  // namespace weir
