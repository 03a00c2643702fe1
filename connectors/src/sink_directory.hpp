#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <weir/core/sink.hpp>

#include "part_file.hpp"

namespace weir {

/// The directory of a file sink: part files for readers, and `.staged/` for what is not committed yet.
/// Decides what a part file's state means; knows nothing of rows. Methods block.
class SinkDirectory {
 public:
  explicit SinkDirectory(std::string path);
  ~SinkDirectory();
  SinkDirectory(const SinkDirectory&) = delete;
  SinkDirectory& operator=(const SinkDirectory&) = delete;

  /// Makes the directory where it is missing and takes its lock. Throws FailJob(kUsage) when another sink
  /// holds it.
  void acquire();
  /// How closely a staged file is looked at before it becomes visible: what a crash may have left is read
  /// again.
  enum class Check { kLength, kContent };
  /// Makes `parts` visible, whatever is done already. Throws FailJob(kStateUnusable) when a part file is
  /// nowhere, is not what was written, or its name is taken by other content.
  void publish(const std::vector<SinkPart>& parts, Check check);
  /// Removes every staged file.
  void clear_staged();

  /// Which run's names to give: one above all runs with part files here, and remembered.
  std::uint64_t begin_run();
  /// The run that begin_run() remembered.
  std::uint64_t current_run() const;

  std::string staged_path() const { return path_ + "/.staged"; }

 private:
  /// Makes the directories of the file's partition and notes that they are to be synced.
  void make_directories_of(const PartFile& file, std::set<std::string, std::greater<>>& directories);
  bool publish_one(const PartFile& part, Check check);

  const std::string path_;
  int lock_ = -1;
};

}  // namespace weir
