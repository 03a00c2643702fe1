#pragma once

#include <string>
#include <string_view>

#include <weir/core/batch.hpp>
#include <weir/core/schema.hpp>

namespace weir::kafka {

/// Turns messages without value into rows: the message's key in one field, `true` in another, all others as they are when a row is made.
class TombstoneRows {
 public:
  /// `key` is a text, integer or time field, `deleted` a bool one; each may be optional.
  TombstoneRows(const Field& key, const Field& deleted) : key_(key), deleted_(deleted) {}

  static bool suits_key(const Field& field);
  static bool suits_deleted(const Field& field) { return field.type == FieldType::kBool; }

  /// Appends a row, its text copied. False: nothing was appended, and `reason` says what is wrong with the key.
  bool append(std::string_view key, Batch& batch, std::string& reason) const;

 private:
  const Field& key_;
  const Field& deleted_;
};

}  // namespace weir::kafka
