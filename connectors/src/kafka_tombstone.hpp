#pragma once

#include <string>
#include <string_view>

#include <weir/core/batch.hpp>
#include <weir/core/schema.hpp>

namespace weir::kafka {

/// How the keys of a topic's messages are written.
enum class KeyFormat {
  kUnsaid,  ///< as text; but what looks like JSON is refused, as it would name another key
  kText,    ///< the bytes as they are
  kJson,    ///< a JSON string or number, an object with one member, or Connect's envelope around one of these
};

/// Turns messages without value into rows: the message's key in one field, `true` in another, all others as they are when a row is
/// made.
class TombstoneRows {
 public:
  /// `key` is a text, integer or time field, `deleted` a bool one; each may be optional.
  TombstoneRows(const Field& key, const Field& deleted, KeyFormat format = KeyFormat::kUnsaid)
      : key_(key), deleted_(deleted), format_(format) {}

  static bool suits_key(const Field& field);
  static bool suits_deleted(const Field& field) { return field.type == FieldType::kBool; }

  /// Appends a row, its text copied. False: nothing was appended, and `reason` says what is wrong with the key.
  bool append(std::string_view key, Batch& batch, std::string& reason) const;

 private:
  /// What is wrong with the key; empty: it was stored.
  std::string store(std::string_view key, Batch& batch, void* to) const;
  std::string store_json(std::string_view key, Batch& batch, void* to) const;

  const Field& key_;
  const Field& deleted_;
  const KeyFormat format_;
};

/// "begins with Confluent's five bytes (schema 42)…" when `bytes` begin as a schema registry's serializers do; otherwise nothing.
std::string confluent_complaint(std::string_view bytes);

}  // namespace weir::kafka
