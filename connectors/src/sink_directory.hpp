#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <weir/core/claim.hpp>
#include <weir/core/sink.hpp>

#include "part_file.hpp"

namespace weir {

/// The directory of a file sink: part files for readers, and `.staged/` for what is not committed yet.
/// Decides what a part file's state means; knows nothing of rows. Methods block.
class SinkDirectory {
 public:
  /// `holder` names job, instance and sink.
  SinkDirectory(std::string path, std::string holder);
  ~SinkDirectory();
  SinkDirectory(const SinkDirectory&) = delete;
  SinkDirectory& operator=(const SinkDirectory&) = delete;

  /// Makes the directory where it is missing and takes its lock. Throws FailJob(kUsage) when another job's process has it; when one of the same holder has it,
  /// FailJob(kStateUnusable), unless there is a commit log that shuts that one out. Returns the highest claim that has left a trace.
  ClaimNumber reserve(bool has_log);
  /// After reserve(): this process writes here from now on, also where one that is fenced still holds the lock. Throws Fenced when there is a later claim.
  void claim(const Claim& claim);
  /// This process' own, which the names of its staged files bear.
  ClaimNumber claim() const { return claim_; }
  /// How closely a staged file is looked at before it becomes visible: what a crash may have left is read
  /// again.
  enum class Check { kLength, kContent };
  /// Makes `parts` visible, whatever is done already. Throws FailJob(kStateUnusable) when a part file is
  /// nowhere, is not what was written, or its name is taken by other content; Fenced when another process writes here by now.
  void publish(const std::vector<SinkPart>& parts, Check check);
  /// Removes every staged file, but for those of later claims.
  void clear_staged();

  /// Which run's names to give: one above all runs with part files here, and remembered.
  std::uint64_t begin_run();
  /// The run that begin_run() remembered.
  std::uint64_t current_run() const;

  std::string staged_path() const { return path_ + "/.staged"; }

 private:
  void open_lock(const std::string& path);
  bool try_lock();
  ClaimNumber last_claim() const;
  void announce();
  void check_owner() const;
  std::string owner_path(ClaimNumber number) const;
  /// Makes the directories of the file's partition and notes that they are to be synced.
  void make_directories_of(const PartFile& file, std::set<std::string, std::greater<>>& directories);
  bool publish_one(const PartFile& part, Check check);

  const std::string path_;
  const std::string holder_;
  int lock_ = -1;
  bool locked_ = false;
  ClaimNumber claim_ = 0;
};

/// `c<claim>-<rest>`: what a staged file is called.
std::string staged_name(ClaimNumber claim, const std::string& rest);

}  // namespace weir
