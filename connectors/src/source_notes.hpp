#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>

namespace weir {

/// What a source tells the operator of the job about its input: each thing once, however many files, partitions and rows it is
/// true of. Shared by the source's readers; any thread.
class SourceNotes {
 public:
  SourceNotes(std::string source, std::function<void(const std::string& line)> warn)
      : source_(std::move(source)), warn_(std::move(warn)) {}

  /// `about` names the thing: a second note about it is not passed on.
  void once(const std::string& about, const std::string& text) {
    if (!warn_) return;
    const std::lock_guard lock(mutex_);
    if (said_.insert(about).second) warn_("source '" + source_ + "': " + text);
  }

 private:
  const std::string source_;
  const std::function<void(const std::string& line)> warn_;
  std::mutex mutex_;
  std::set<std::string> said_;
};

}  // namespace weir
