#include <cmath>

#include "csv_format.hpp"
#include "field_value.hpp"
#include "input_kind.hpp"
#include "number_text.hpp"

namespace weir {

namespace {

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

class CsvEncoder final : public RowEncoder {
 public:
  explicit CsvEncoder(const RowSchema& schema) : columns_(csv_columns(schema)), header_(csv_header(schema)) {}

  void encode(const void* row, std::string& out) override {
    const std::size_t begin = out.size();
    bool first = true;
    for (const CsvColumn& column : columns_) {
      if (!first) out += ',';
      first = false;
      append_field(column, static_cast<const std::byte*>(row) + column.offset, out);
    }
    // A line with nothing on it would be no record at all.
    if (out.size() == begin) out += columns_.size() == 1 && columns_.front().field->optional ? "NA" : "\"\"";
    // Nor is a line that is the header's.
    if (out.size() - begin == header_.size() && out.compare(begin, header_.size(), header_) == 0) {
      out.insert(begin + columns_.front().name.size(), 1, '"');
      out.insert(begin, 1, '"');
    }
  }

 private:
  static void append_field(const CsvColumn& column, const void* at, std::string& out) {
    const Field& field = *column.field;
    if (field.optional) at = field.get(at);
    if (at == nullptr) return;
    switch (field.type) {
      case FieldType::kBool:
        out += *static_cast<const bool*>(at) ? "true" : "false";
        return;
      case FieldType::kFloat:
        return append_number(out, *static_cast<const float*>(at));
      case FieldType::kDouble:
        return append_number(out, *static_cast<const double*>(at));
      case FieldType::kText:
      case FieldType::kOwnedText:
        return append_text(field, text_at(field.type, at), out);
      default:
        return append_integer_field(out, field.type, at);
    }
  }

  static void append_text(const Field& field, std::string_view text, std::string& out) {
    const bool like_absent = field.optional && (text.empty() || text == "NA");
    if (like_absent || text.find_first_of(",\"\r\n") != std::string_view::npos ||
        text.starts_with(kByteOrderMark))
      append_quoted(out, text);
    else out += text;
  }

  std::vector<CsvColumn> columns_;
  const std::string header_;
};

}  // namespace

std::unique_ptr<RowEncoder> make_csv_encoder(const RowSchema& schema) {
  return std::make_unique<CsvEncoder>(schema);
}

std::string csv_header(const RowSchema& schema) {
  std::string header;
  for (const CsvColumn& column : csv_columns(schema)) header += (header.empty() ? "" : ",") + column.name;
  return header;
}

}  // namespace weir
