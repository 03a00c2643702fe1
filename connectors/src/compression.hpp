#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

enum class Compression { kNone, kGzip, kZstd };

/// By the ending of the name, .gz or .zst, in whatever case.
Compression compression_of(std::string_view name);
/// `none`, `gz` or `zst`, as addresses say it.
Compression compression_called(std::string_view word);

/// What a file is by its first bytes, in words, if it is a kind that is not read as it is: "a gzip file".
std::optional<std::string_view> kind_by_content(std::string_view first_bytes);
/// Whether content that begins so may be what `compression` says.
bool begins_like(std::string_view first_bytes, Compression compression);
/// How many of a file's first bytes the two above want to see.
inline constexpr std::size_t kMagicBytes = 16;

/// `name` with the letters of its ASCII alphabet made small.
std::string lower_case(std::string_view name);

}  // namespace weir
