#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include <weir/core/environment.hpp>
#include <weir/core/sink.hpp>

#include "format.hpp"
#include "part_file.hpp"
#include "partition_columns.hpp"
#include "staged_file.hpp"

namespace weir {

/// What every writer of a file sink needs to know.
struct FileWriting {
  std::string format;  ///< json or csv
  std::string ending;  ///< ".jsonl.gz"
  Compression compression = Compression::kNone;
  std::string header;  ///< first line of every file, with its line end; empty: none
  std::string vertex;  ///< name of the sink, for lanes
  std::string staged_directory;
  std::uint64_t run = 1;
  ClaimNumber claim = 0;  ///< names of staged files bear it
  PartitionColumns partition_by;
  const RowSchema* schema = nullptr;  ///< of what is in the files
  Environment* environment = nullptr;
};

/// Writes one worker's rows: a staged file an epoch, or one for each partition that has rows. Of those only so many are open at once: one that has
/// waited longest for a row is finished to make room, and another begun should its partition get more.
class FileSinkWriter final : public SinkWriter {
 public:
  static constexpr std::size_t kMostOpenFiles = 64;

  FileSinkWriter(const FileWriting& writing, std::uint32_t worker);

  bool try_write(const Batch& rows) override;
  bool try_flush(Epoch epoch) override;
  SinkPart take_part() override;

 private:
  static constexpr std::size_t kMostWaitingBytes = 8 * 1024 * 1024;

  struct OpenFile {
    std::string directory;  ///< of its partition
    std::shared_ptr<StagedFile> file;
    std::string block;            ///< encoded and not handed over yet
    std::uint64_t last_used = 0;  ///< turn in which a row came, after rows of another partition
  };
  struct FinishingFile {
    std::string directory;
    std::shared_ptr<StagedFile> file;
  };

  bool may_write();
  OpenFile& file_of(const void* row);
  OpenFile& begin_file(const void* row);
  void hand_over(OpenFile& file);
  void finish(OpenFile& file);
  void finish_longest_unused();
  /// Notes the files that are durable by now.
  void take_finished();
  std::size_t block_bytes() const { return writing_.partition_by.empty() ? 256 * 1024 : 64 * 1024; }

  const FileWriting writing_;
  const std::uint32_t worker_;
  std::unique_ptr<RowEncoder> encoder_;
  std::unordered_map<std::string, OpenFile> open_;  ///< of the current epoch, by partition
  std::string key_;                                 ///< of the partition of the last row
  std::string next_key_;
  OpenFile* last_ = nullptr;  ///< the file of the last row; it has key_
  std::uint64_t turns_ = 0;
  std::deque<FinishingFile> finishing_;
  std::vector<PartFile> finished_;  ///< final_name is the directory until the epoch is known
  Digest written_;
  bool flushing_ = false;
  Epoch epoch_ = kNoEpoch;
  std::uint64_t files_ = 0;
};

}  // namespace weir
