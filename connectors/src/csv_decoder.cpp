
#include <fmt/core.h>
#include <simdjson.h>

#include <weir/core/error.hpp>

#include "csv_columns.hpp"
#include "csv_fields.hpp"
#include "csv_format.hpp"
#include "field_value.hpp"
#include "input_kind.hpp"
#include "iso_time.hpp"
#include "read_number.hpp"

namespace weir {

namespace {

bool parse_bool(std::string_view text, bool& value) {
  if (text == "true" || text == "TRUE" || text == "True" || text == "1") value = true;
  else if (text == "false" || text == "FALSE" || text == "False" || text == "0") value = false;
  else return false;
  return true;
}

NumberRead read_value(FieldType type, std::string_view text, void* to) {
  switch (type) {
    case FieldType::kBool:
      return parse_bool(text, *static_cast<bool*>(to)) ? NumberRead::kStored : NumberRead::kMalformed;
    case FieldType::kFloat:
    case FieldType::kDouble:
      return read_any_real(text, type, to);
    case FieldType::kEventTime:
      if (parse_iso_time(text, *static_cast<EventTime*>(to))) return NumberRead::kStored;
      return read_integer(text, type, to);
    default:
      return read_integer(text, type, to);
  }
}

class CsvDecoder final : public RowDecoder {
 public:
  CsvDecoder(const RowSchema& schema, const CsvLayout& layout, SourceNotes* notes)
      : columns_(csv_columns(schema)),
        null_(layout.null),
        separator_(layout.separator),
        header_(layout.header) {
    if (layout.columns.empty()) {
      for (const CsvColumn& column : columns_) targets_.push_back(&column);
      return;
    }
    CsvColumnMatch match(columns_, layout);
    absent_ = match.absent(notes);
    targets_ = match.targets();
  }

  bool decode(std::string_view payload, Batch& batch, std::string& reason) override {
    if (!simdjson::validate_utf8(payload)) {
      reason = "not valid UTF-8";
      return false;
    }
    if (is_no_row(payload, reason)) return false;
    auto* row = static_cast<std::byte*>(batch.append_default());
    if (decode_fields(payload, row, batch, reason)) return true;
    batch.drop_last();
    if (has_bare_carriage_return(payload)) reason += fmt::format("; {}", kEndWithCr);
    return false;
  }

 private:
  /// Where files have been joined the header comes again, and a byte order mark in the middle.
  bool is_no_row(std::string_view record, std::string& reason) const {
    if (record.starts_with(kByteOrderMark))
      reason = "a byte order mark, which belongs to the beginning of a file: have files been joined?";
    else if (!header_.empty() && record == header_) reason = "the header again: have files been joined?";
    else if (targets_.size() == 1 && has_bare_carriage_return(record))
      reason = fmt::format("a carriage return outside quotes; {}", kEndWithCr);
    else return false;
    return true;
  }

  /// Programs leave it in text without quotes, too: only where the record is wrong, or would take in all that follow, it is the reason.
  bool has_bare_carriage_return(std::string_view record) const {
    if (record.find('\r') == std::string_view::npos) return false;
    std::string scratch;
    for (CsvFields fields(record, separator_); !fields.done();) {
      if (!fields.take(scratch)) return false;
      if (!fields.quoted && fields.text.find('\r') != std::string_view::npos) return true;
    }
    return false;
  }

  bool decode_fields(std::string_view record, std::byte* row, Batch& batch, std::string& reason) {
    CsvFields fields(record, separator_);
    std::size_t index = 0;
    for (; !fields.done(); ++index) {
      if (!fields.take(scratch_)) {
        reason = fmt::format("column {}: {}", index + 1, fields.problem);
        return false;
      }
      if (index >= targets_.size()) continue;
      if (const CsvColumn* column = targets_[index]; column && !store(*column, fields, row, batch, reason))
        return false;
    }
    if (index != targets_.size()) {
      reason = fmt::format("{} fields where {} columns are expected{}", index, targets_.size(),
                           index == 1 ? other_separator(record, separator_) : "");
      return false;
    }
    for (const CsvColumn* column : absent_) column->field->reset(row + column->offset);
    return true;
  }

  bool is_absent(const CsvFields& fields, bool text) const {
    // A quoted field is text that somebody wrote; only where text is no value it may stand for nothing.
    if (fields.quoted && text) return false;
    return fields.text.empty() || fields.text == "NA" || (!null_.empty() && fields.text == null_);
  }

  bool store(const CsvColumn& column, const CsvFields& fields, std::byte* row, Batch& batch,
             std::string& reason) {
    const Field& field = *column.field;
    void* to = row + column.offset;
    const bool text = field.type == FieldType::kText || field.type == FieldType::kOwnedText;
    if (field.optional) {
      if (is_absent(fields, text)) {
        field.reset(to);
        return true;
      }
      to = field.emplace(to);
    }
    if (text) {
      store_text(field.type, fields.text, batch, to);
      return true;
    }
    if (fields.text.empty()) {
      reason = fmt::format("field `{}` is empty, which only optional fields may be", column.name);
      return false;
    }
    return store_parsed(column, fields.text, to, reason);
  }

  bool store_parsed(const CsvColumn& column, std::string_view text, void* to, std::string& reason) {
    const FieldType type = column.field->type;
    const NumberRead read = read_value(type, text, to);
    if (read == NumberRead::kStored) return true;
    const bool range = read == NumberRead::kOutOfRange;
    reason =
        complaint(column.name, text, fmt::format("{} {}", range ? "out of range for" : "not", wanted(type)));
    return false;
  }

  std::vector<CsvColumn> columns_;
  std::vector<const CsvColumn*> targets_;  ///< by column of the file; null: a column that is no field
  std::vector<const CsvColumn*> absent_;   ///< optional fields that the file has no column for
  std::string null_;
  const char separator_;
  const std::string header_;
  std::string scratch_;
};

}  // namespace

std::unique_ptr<RowDecoder> make_csv_decoder(const RowSchema& schema, const CsvLayout& layout,
                                             SourceNotes* notes) {
  return std::make_unique<CsvDecoder>(schema, layout, notes);
}

bool split_csv(std::string_view record, char separator, std::vector<std::string>& out, std::string& reason) {
  out.clear();
  std::string scratch;
  CsvFields fields(record, separator);
  while (!fields.done()) {
    if (!fields.take(scratch)) {
      reason = fmt::format("column {}: {}", out.size() + 1, fields.problem);
      return false;
    }
    out.emplace_back(fields.text);
  }
  return true;
}

}  // namespace weir
