#include <filesystem>

#include <fmt/core.h>

#include <weir/core/error.hpp>
#include <weir/core/hash.hpp>

#include "csv_format.hpp"
#include "file_connector.hpp"
#include "file_listing.hpp"
#include "parameters.hpp"
#include "sink_directory.hpp"
#include "staged_file.hpp"

namespace weir {

namespace {

/// What every writer of a sink needs to know.
struct FileWriting {
  std::string format;  ///< json or csv
  std::string ending;  ///< ".jsonl.gz"
  Compression compression = Compression::kNone;
  std::string header;  ///< first line of every file, with its line end; empty: none
  std::string vertex;  ///< name of the sink, for lanes
  std::string staged_directory;
  std::uint64_t run = 1;
  const RowSchema* schema = nullptr;
  Environment* environment = nullptr;
};

class FileSinkWriter final : public SinkWriter {
 public:
  FileSinkWriter(const FileWriting& writing, std::uint32_t worker)
      : writing_(writing), worker_(worker), encoder_(make_encoder(writing.format, *writing.schema)) {}

  bool try_write(const Batch& rows) override {
    if (rows.empty()) return true;
    if (file_) {
      file_->check();
      if (file_->waiting_bytes() > kMostWaitingBytes) return false;
    } else {
      begin_file();
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t begin = block_.size();
      encoder_->encode(rows.row(i), block_);
      written_.add(hash_bytes(std::string_view(block_).substr(begin)));
      block_ += '\n';
    }
    if (block_.size() >= kBlockBytes) hand_over();
    return true;
  }

  bool try_flush(Epoch epoch) override {
    if (!file_) return true;
    if (!finishing_) {
      if (!block_.empty()) hand_over();
      file_->finish();
      finishing_ = true;
      epoch_ = epoch;
    }
    return file_->finished();
  }

  SinkPart take_part() override {
    SinkPart part{worker_, {}, written_};
    if (file_) {
      const PartFile about{file_->name(), part_name(epoch_, worker_, writing_.run, writing_.ending),
                           file_->bytes(), file_->checksum()};
      part.payload = about.encode();
    }
    file_.reset();
    finishing_ = false;
    written_ = {};
    return part;
  }

 private:
  static constexpr std::size_t kBlockBytes = 256 * 1024;
  static constexpr std::size_t kMostWaitingBytes = 8 * 1024 * 1024;

  void begin_file() {
    // A name that no other attempt gives: one that was cut off may still have jobs on its way to the disk.
    const std::string name =
        fmt::format("{}-{}-{:016x}{}", ++files_, worker_, writing_.environment->random(), writing_.ending);
    file_ = std::make_shared<StagedFile>(*writing_.environment,
                                         fmt::format("file:{}:{}", writing_.vertex, worker_),
                                         writing_.staged_directory, name, writing_.compression);
    block_ = writing_.header;
  }
  void hand_over() {
    std::string next;
    next.reserve(block_.capacity());
    std::swap(next, block_);
    file_->write(std::move(next));
  }

  const FileWriting writing_;
  const std::uint32_t worker_;
  std::unique_ptr<RowEncoder> encoder_;
  std::shared_ptr<StagedFile> file_;  ///< of the current epoch; none until its first row
  std::string block_;                 ///< encoded and not handed over yet
  Digest written_;
  bool finishing_ = false;
  Epoch epoch_ = kNoEpoch;
  std::uint64_t files_ = 0;
};

class FileSink final : public Sink {
 public:
  FileSink(std::string path, FileWriting writing)
      : directory_(std::move(path)), writing_(std::move(writing)) {
    writing_.staged_directory = directory_.staged_path();
  }

  void recover(Epoch restored, const std::vector<SinkPart>& parts) override {
    directory_.acquire();
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
  const Parameters parameters(uri, context.settings, {"format", "compress"});
  FileWriting writing;
  const std::string format = parameters.one_of("format", {"jsonl", "json", "csv"}).value_or("jsonl");
  writing.format = format == "csv" ? "csv" : "json";
  writing.ending = format == "csv" ? ".csv" : ".jsonl";
  if (writing.format == "csv") writing.header = csv_header(*context.schema) + "\n";
  const std::string compress = parameters.one_of("compress", {"none", "gz", "zst"}).value_or("none");
  if (compress != "none") writing.ending += "." + compress;
  writing.compression = compression_of(writing.ending);
  writing.vertex = context.name;
  writing.schema = context.schema;
  writing.environment = context.environment;
  make_encoder(writing.format, *context.schema);
  return std::make_unique<FileSink>(directory_of(uri, parameters), std::move(writing));
}

}  // namespace weir
