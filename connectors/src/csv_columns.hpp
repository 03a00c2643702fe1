#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "csv_format.hpp"

namespace weir {

/// Which field each column of a file belongs to, and which fields have none.
class CsvColumnMatch {
 public:
  /// Both outlive it. Requires: layout.columns is not empty. Throws FailJob(kUsage) when no column is a field.
  CsvColumnMatch(const std::vector<CsvColumn>& columns, const CsvLayout& layout);

  /// By column of the file; null: a column that is no field.
  const std::vector<const CsvColumn*>& targets() const { return targets_; }
  /// Optional fields that the file has no column for; each is noted. Throws FailJob(kUsage) when a field that is not optional has
  /// none, or one has several.
  std::vector<const CsvColumn*> absent(SourceNotes* notes) const;

 private:
  std::string hint(std::string_view first) const;
  const std::string* similar(const CsvColumn& column) const;

  const std::vector<CsvColumn>& columns_;
  const CsvLayout& layout_;
  std::vector<const CsvColumn*> targets_;
};

}  // namespace weir
