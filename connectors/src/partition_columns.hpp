#pragma once

#include <memory>
#include <string>
#include <vector>

#include <weir/core/schema.hpp>

namespace weir {

class Parameters;

/// The columns by which a file sink divides its rows: `dt=2015-07-15/hm=23%3A58`, as Hive and Flink name directories.
class PartitionColumns {
 public:
  /// None: all rows belong together.
  PartitionColumns() = default;
  /// `names` separated by commas, outermost first. Refuses, by `parameters`, what is no column, or no text, whole number, bool or time, or named
  /// twice, and names that leave no other column.
  PartitionColumns(const std::string& names, const RowSchema& schema, const Parameters& parameters);

  bool empty() const { return columns_.empty(); }
  /// Tells partitions apart: what the columns of `row` hold, appended to `key`.
  void append_key(const void* row, std::string& key) const;
  /// The directory of the row's partition, below that of the sink, without a slash at its end; empty where there are no columns. Absent
  /// and empty values are `__HIVE_DEFAULT_PARTITION__`; what a path or a reader of it could take amiss is escaped as %3A. Throws FailJob
  /// when a value is too long for a directory's name.
  std::string directory_of(const void* row) const;
  /// The columns that are left for the files. Lives as long as this or a copy.
  const RowSchema& rest() const { return *rest_; }

 private:
  std::vector<const Field*> columns_;
  std::shared_ptr<const RowSchema> rest_;
};

}  // namespace weir
