#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/core/source.hpp>

#include "file_reader.hpp"

namespace weir {

/// How many first bytes of a file's uncompressed content a position remembers, so that another file under the same name is not taken
/// for the one that was read.
inline constexpr std::size_t kFileHeadBytes = 4096;

/// Position::detail for this offset: the fingerprint of as much of the head as lies before it.
std::string head_fingerprint(std::string_view head, std::int64_t offset);

/// Up to `bytes` first ones of the content.
std::string head_of(RecordScanner& scanner, std::size_t bytes);
/// The first bytes of a file, and one more, to see whether that is all; empty where it cannot be read, which its reader will say.
std::string read_head(const std::string& path, const FileReading& reading);

/// Whether a file with this head may be the one that was read up to `position`, under whatever name. A short one must be the same to its
/// end: short beginnings are alike by chance.
bool is_head_of(std::string_view head, const Position& position);

/// Whether a file source has written it.
bool is_file_position(const Position& position);

}  // namespace weir
