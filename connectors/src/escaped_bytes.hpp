#pragma once

#include <string>
#include <string_view>

namespace weir {

/// Bytes that are no UTF-8, in JSON: a byte from 0x80 on is the escape of U+DC00 plus the byte, `\udcff` for 0xFF, which is no
/// character and is in no text. Python calls the same `surrogateescape`.
void append_byte_escape(std::string& out, unsigned char byte);

/// Undoes the escapes of a JSON string, those of bytes too. `text` is what stands between its quotes, in valid UTF-8. False when an escape is none.
bool unescape_with_bytes(std::string_view text, std::string& out);

}  // namespace weir
