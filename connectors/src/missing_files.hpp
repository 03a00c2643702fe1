#pragma once

#include <functional>
#include <string>
#include <vector>

#include <weir/core/source.hpp>

#include "file_listing.hpp"
#include "file_reader.hpp"

namespace weir {

/// What a checkpoint knows of a file source and its address does not lead to any more. One that had been read to its end is no loss; the
/// rest of one that had not been is. A new file that is a missing one under another name would come twice.
class MissingFiles {
 public:
  /// `path` and `source`: for messages. References outlive the object.
  MissingFiles(const std::string& path, const std::string& source, const FileReading& reading,
               const FileListing& listing, const std::vector<RestoredPartition>& restored);

  /// Throws FailJob(kStateUnusable) with the remedy, unless they are to be ignored; logs what the job goes on without.
  void check(bool ignore, const std::function<void(const std::string&)>& log) const;

 private:
  void check_renamed() const;
  void check_unread(const RestoredPartition& file) const;
  std::vector<std::string> new_files() const;

  const std::string& path_;
  const std::string& source_;
  const FileReading& reading_;
  const FileListing& listing_;
  const std::vector<RestoredPartition>& restored_;
  std::vector<const RestoredPartition*> missing_;
};

}  // namespace weir
