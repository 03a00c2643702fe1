#pragma once

#include <optional>
#include <string>
#include <vector>

namespace weir {

/// The files that the path of a `file:` address means: a file, the files of a directory, or what matches a
/// pattern.
struct FileListing {
  std::string
      base;  ///< directory that the names are relative to, with its slash; empty: the working directory
  std::vector<std::string> names;        ///< sorted
  std::vector<std::string> passed_over;  ///< what is there but no file: links to nothing, pipes, sockets
};

/// Undoes `%3F` and `%25`, the only encodings in paths: a `?` would begin the parameters.
std::string file_path(const std::string& path_of_address);

/// Throws FailJob(kCannotConnect), naming the path, when there is nothing or a directory cannot be listed; FailJob(kUsage)
/// when the pattern means what is not known here.
FileListing list_files(const std::string& path);

/// json, csv, or nothing, by the ending of the name before .gz or .zst, in whatever case.
std::optional<std::string> format_of(const std::string& name);

}  // namespace weir
