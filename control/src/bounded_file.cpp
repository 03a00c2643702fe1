#include "bounded_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

namespace weir {

BoundedFile read_bounded_file(const std::string& path, std::size_t bytes_max) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string content(bytes_max + 1, '\0');
  if (stream) stream.read(content.data(), static_cast<std::streamsize>(content.size()));
  // Reading fewer bytes than asked for is how a file ends; nothing read and an error is a directory, or worse.
  if (!stream.is_open() || stream.bad() || (stream.gcount() == 0 && errno != 0))
    return {"", fmt::format("cannot be read: {}", std::strerror(errno))};
  content.resize(static_cast<std::size_t>(stream.gcount()));
  if (content.size() > bytes_max) return {"", fmt::format("is larger than {} KiB", bytes_max / 1024)};
  return {std::move(content), ""};
}

}  // namespace weir
