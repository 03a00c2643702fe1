#pragma once

#include <string>

namespace weir {

struct BoundedFile {
  std::string content;
  std::string problem;  ///< empty: read whole; else "cannot be read: …" or "is larger than …"
};

/// Reads a file of at most `bytes_max` bytes.
BoundedFile read_bounded_file(const std::string& path, std::size_t bytes_max);

}  // namespace weir
