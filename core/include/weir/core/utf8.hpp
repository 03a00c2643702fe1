#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

/// Bytes of the character that `text` begins with; 0 when it begins with none, or is empty.
std::size_t utf8_size(std::string_view text);
bool is_utf8(std::string_view text);
/// At most `bytes` of `text`, and no half of a character at the end of them.
std::string_view utf8_front(std::string_view text, std::size_t bytes);

/// A value as messages show it: at most `bytes` of it, with an ellipsis where it goes on; control characters and what is no
/// UTF-8 as `\x00`.
std::string shown(std::string_view value, std::size_t bytes = 64);

}  // namespace weir
