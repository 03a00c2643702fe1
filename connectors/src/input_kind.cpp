#include "input_kind.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "compression.hpp"

namespace weir {

namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view without_blanks(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::string_view first_line(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  const std::size_t last = line.find_last_not_of(kBlanks);
  return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// UTF-16 without a mark has a zero in every other byte of what is ASCII.
bool is_utf16(std::string_view head) {
  if (head.starts_with("\xFF\xFE"sv) || head.starts_with("\xFE\xFF"sv)) return true;
  if (head.size() < 4) return false;
  const auto zero = [&](std::size_t i) { return head[i] == '\0'; };
  return (!zero(0) && zero(1) && !zero(2) && zero(3)) || (zero(0) && !zero(1) && zero(2) && !zero(3));
}

bool is_markup(std::string_view text) {
  const std::string begin = lower_case(text.substr(0, 9));
  return begin.starts_with("<!doctype") || begin.starts_with("<html") || begin.starts_with("<?xml");
}

}  // namespace

std::optional<std::string> other_kind(std::string_view head, std::string_view format) {
  if (is_utf16(head)) return "is UTF-16 and not UTF-8; convert it: iconv -f UTF-16 -t UTF-8";
  if (const auto kind = kind_by_content(head)) return fmt::format("holds {} and no text", *kind);
  if (head.size() > 262 && head.substr(257, 5) == "ustar")
    return "holds a tar archive and no text; unpack it";
  const std::string_view text = without_blanks(head);
  if (is_markup(text))
    return fmt::format("is HTML or XML and not {}; is it an error page that was saved in its place?",
                       format == "csv" ? "CSV" : "lines of JSON");
  if (format == "csv" && text.starts_with("{\""))
    return "has lines of JSON and not CSV; say ?format=jsonl, or give it that ending";
  if (format != "json") return std::nullopt;
  if (text.starts_with('['))
    return "is a JSON array; what is read are lines with an object each: jq -c '.[]'";
  if (text.starts_with('{') && first_line(text) == "{")
    return "has JSON that is written over several lines; what is read are lines with an object each: jq -c .";
  return std::nullopt;
}

std::string other_than_object(std::string_view record) {
  constexpr std::string_view kWanted = "where a JSON object is expected";
  const std::size_t first = record.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return fmt::format("nothing {}", kWanted);
  if (record.find_first_not_of('\0') == std::string_view::npos)
    return fmt::format("nothing but zero bytes {}; was it cut off by a crash?", kWanted);
  if (record.front() == '\0')
    return fmt::format(
        "a zero byte {}; Confluent's serializers write one, and a schema id of four bytes, before "
        "their Avro, Protobuf or JSON: let the producer write plain JSON",
        kWanted);
  record.remove_prefix(first);
  if (record.starts_with(kByteOrderMark))
    return fmt::format("a byte order mark {}; it belongs to the beginning of a file: have files been joined?",
                       kWanted);
  switch (record.front()) {
    case '{':
      return "";
    case '[':
      return fmt::format("an array {}; each object has to be a record of its own", kWanted);
    case '"':
      return fmt::format("a string {}; is it JSON within JSON?", kWanted);
    case '<':
      return fmt::format("HTML or XML {}", kWanted);
    default:
      break;
  }
  const std::string_view word = record.substr(0, record.find_first_of(" \t\r\n,"));
  if (word == "null" || word == "true" || word == "false") return fmt::format("`{}` {}", word, kWanted);
  const bool number = word.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
  return fmt::format("{} {}", number ? "a number" : "no JSON", kWanted);
}

}  // namespace weir
