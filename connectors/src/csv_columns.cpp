#include "csv_columns.hpp"

#include <algorithm>

#include <fmt/core.h>

#include <weir/core/error.hpp>
#include <weir/core/utf8.hpp>

#include "choices.hpp"
#include "similar_name.hpp"

namespace weir {

namespace {

constexpr std::size_t kMostNameBytes = 64;
constexpr std::size_t kMostNames = 40;

std::string in_message(const std::vector<std::string>& names) {
  std::vector<std::string> shown_names;
  for (const std::string& name : names) {
    if (shown_names.size() == kMostNames) {
      shown_names.push_back(fmt::format("and {} more", names.size() - kMostNames));
      break;
    }
    shown_names.push_back(shown(name, kMostNameBytes));
  }
  return joined(shown_names);
}

void add_columns(const RowSchema& schema, const std::string& prefix, std::size_t base,
                 std::vector<CsvColumn>& columns) {
  for (const Field& field : schema.fields) {
    const std::string name = prefix + std::string(field.name);
    if (field.type != FieldType::kStruct) {
      columns.push_back({name, &field, base + field.offset});
      continue;
    }
    if (field.optional)
      throw FailJob(fmt::format("format csv cannot hold `{}` of {}: it is an optional struct; use json", name,
                                schema.name),
                    ExitCode::kUsage);
    add_columns(*field.nested, name + ".", base + field.offset, columns);
  }
}

}  // namespace

std::vector<CsvColumn> csv_columns(const RowSchema& schema) {
  std::vector<CsvColumn> columns;
  add_columns(schema, "", 0, columns);
  return columns;
}

CsvColumnMatch::CsvColumnMatch(const std::vector<CsvColumn>& columns, const CsvLayout& layout)
    : columns_(columns), layout_(layout) {
  bool any = false;
  for (const std::string& name : layout.columns) {
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&](const CsvColumn& c) { return c.name == name; });
    targets_.push_back(found == columns.end() ? nullptr : &*found);
    any = any || targets_.back() != nullptr;
  }
  if (any) return;
  const std::string_view first = layout.columns.front();
  std::vector<std::string> fields;
  for (const CsvColumn& column : columns) fields.push_back(column.name);
  throw FailJob(
      fmt::format("none of its columns is a field of the row type: the columns are {}, the fields {}{}",
                  in_message(layout.columns), in_message(fields), hint(first)),
      ExitCode::kUsage);
}

/// What may be the matter with a header that does not suit.
std::string CsvColumnMatch::hint(std::string_view first) const {
  if (layout_.columns.size() == 1) return other_separator(first, layout_.separator);
  for (const CsvColumn& column : columns_)
    if (const std::string* name = similar(column))
      return fmt::format("; names have to be the same: `{}` is not `{}`", shown(*name), column.name);
  return "";
}

const std::string* CsvColumnMatch::similar(const CsvColumn& column) const {
  for (std::size_t i = 0; i < targets_.size(); ++i)
    if (targets_[i] == nullptr && are_similar(layout_.columns[i], column.name)) return &layout_.columns[i];
  return nullptr;
}

std::vector<const CsvColumn*> CsvColumnMatch::absent(SourceNotes* notes) const {
  std::vector<const CsvColumn*> absent;
  for (const CsvColumn& column : columns_) {
    const auto times = std::count(targets_.begin(), targets_.end(), &column);
    if (times > 1)
      throw FailJob(fmt::format("CSV column `{}` is there {} times", column.name, times), ExitCode::kUsage);
    if (times == 1) continue;
    const std::string* const name = similar(column);
    const std::string alike =
        name ? fmt::format("; the column `{}` is like it, but names have to be the same: rename one of them",
                           shown(*name))
             : "";
    if (!column.field->optional)
      throw FailJob(
          fmt::format("CSV column `{}` is missing and its field is not optional{}; the columns are {}{}",
                      column.name, alike, in_message(layout_.columns),
                      layout_.columns.size() == 1 ? hint(layout_.columns.front()) : ""),
          ExitCode::kUsage);
    if (notes)
      notes->once(alike + column.name,
                  fmt::format("there are files without a column for the optional field `{}`: it is absent in "
                              "all their rows{}",
                              column.name, alike));
    absent.push_back(&column);
  }
  return absent;
}

std::string other_separator(std::string_view record, char separator) {
  constexpr std::pair<char, std::string_view> kOthers[] = {{';', ";"}, {'\t', "tab"}, {'|', "|"}, {',', ","}};
  for (const auto& [other, name] : kOthers)
    if (other != separator && record.find(other) != std::string_view::npos)
      return fmt::format("; are its fields separated by `{0}`? Then add ?separator={0}", name);
  return "";
}

}  // namespace weir
