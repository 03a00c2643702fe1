#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
inline constexpr std::string_view kEndWithCr =
    "do lines end with CR alone? Then make them end with LF: tr '\\r' '\\n'";

/// What a file that begins with `head` is, where it cannot be lines of `format` (csv, json), and what to do about it: text that goes
/// on after its name, as in "is UTF-16; …". Nothing when it may be what it should be.
std::optional<std::string> other_kind(std::string_view head, std::string_view format);

/// What a record is that is no JSON object: "an array where a JSON object is expected". Empty: an object with something wrong in it.
std::string other_than_object(std::string_view record);

/// What an object's keys say that is none of the row type's: that of an envelope around the row, and how to have it without. `has`
/// answers for a key. Empty: nothing that is known.
template <class Has>
std::string envelope_around(Has has) {
  if (has("schema") && has("payload"))
    return "a Kafka Connect envelope (`schema` and `payload`) around the row; let the connector write "
           "without it: "
           "value.converter.schemas.enable=false";
  if (has("op") && has("source") && (has("before") || has("after")))
    return "a Debezium envelope (`before`, `after`, `op`) around the row; read it as "
           "weir::DebeziumEvent<Row>, or unwrap it with Debezium's ExtractNewRecordState";
  return "";
}

}  // namespace weir
