#include "partition_columns.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include <fmt/core.h>

#include <weir/core/error.hpp>

#include "field_value.hpp"
#include "number_text.hpp"
#include "parameters.hpp"

namespace weir {

namespace {

constexpr std::size_t kLongestName = 255;  // of a directory, in bytes, on the file systems of Linux

bool can_divide(FieldType type) {
  return is_integer(type) || type == FieldType::kBool || type == FieldType::kText ||
         type == FieldType::kOwnedText || type == FieldType::kEventTime;
}

std::string names_of_all(const RowSchema& schema) {
  std::string names;
  for (const Field& field : schema.fields)
    if (can_divide(field.type)) names += (names.empty() ? "" : ", ") + std::string(field.name);
  return names;
}

/// The value as text, appended; false when it is absent.
bool append_value(const Field& field, const void* row, std::string& out) {
  const void* at = static_cast<const std::byte*>(row) + field.offset;
  if (field.optional) at = field.get(at);
  if (!at) return false;
  if (field.type == FieldType::kText || field.type == FieldType::kOwnedText) out += text_at(field.type, at);
  else if (field.type == FieldType::kBool) out += *static_cast<const bool*>(at) ? "true" : "false";
  else append_integer_field(out, field.type, at);
  return true;
}

/// The set is Hive's, and Flink's.
bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F ||
         std::string_view("\"#%'*/:=?\\{[]^").find(c) != std::string_view::npos;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (needs_escape(c)) out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else out += c;
  }
  return out;
}

}  // namespace

PartitionColumns::PartitionColumns(const std::string& names, const RowSchema& schema,
                                   const Parameters& parameters) {
  for (std::string_view left = names; !left.empty();) {
    const std::string_view name = left.substr(0, left.find(','));
    left.remove_prefix(std::min(left.size(), name.size() + 1));
    const Field* field = schema.find(name);
    if (!field || !can_divide(field->type))
      parameters.refuse(
          fmt::format("`partition_by`: `{}` is no column of text, whole numbers, bool or times; there are {}",
                      name, names_of_all(schema)));
    if (std::find(columns_.begin(), columns_.end(), field) != columns_.end())
      parameters.refuse(fmt::format("`partition_by` names `{}` twice", name));
    columns_.push_back(field);
  }
  if (columns_.empty()) parameters.refuse("`partition_by` names no column");
  auto rest = std::make_shared<RowSchema>(RowSchema{schema.name, schema.size, {}});
  for (const Field& field : schema.fields)
    if (std::find(columns_.begin(), columns_.end(), &field) == columns_.end()) rest->fields.push_back(field);
  if (rest->fields.empty())
    parameters.refuse("`partition_by` leaves no column for the files, which do not have those it names");
  rest_ = std::move(rest);
}

void PartitionColumns::append_key(const void* row, std::string& key) const {
  for (const Field* field : columns_) {
    // The length first, so that neighbours cannot be taken for each other.
    const std::size_t begin = key.size();
    std::uint32_t size = 0;
    key.append(sizeof size, '\0');
    if (append_value(*field, row, key)) size = static_cast<std::uint32_t>(key.size() - begin - sizeof size);
    std::memcpy(key.data() + begin, &size, sizeof size);
  }
}

std::string PartitionColumns::directory_of(const void* row) const {
  std::string directory;
  for (const Field* field : columns_) {
    std::string value;
    append_value(*field, row, value);
    // The names of columns are those of struct members: nothing to escape.
    const std::string name =
        std::string(field->name) + "=" + (value.empty() ? "__HIVE_DEFAULT_PARTITION__" : escaped(value));
    if (name.size() > kLongestName)
      throw FailJob("file sink: " + complaint(field->name, value,
                                              "too long for the name of a directory: partition by another "
                                              "column, or shorten it"));
    directory += (directory.empty() ? "" : "/") + name;
  }
  return directory;
}

}  // namespace weir
