#include "row_hash.hpp"

#include <cstring>
#include <stdexcept>

#include <weir/core/hash.hpp>

#include "generator.hpp"

namespace nexmark {

namespace {

std::uint64_t hash_field(const weir::Field& field, const void* value) {
  if (field.type == weir::FieldType::kText)
    return weir::hash_bytes(*static_cast<const std::string_view*>(value));
  if (field.optional || (field.type != weir::FieldType::kInt64 && field.type != weir::FieldType::kEventTime))
    throw std::logic_error("a row with field '" + std::string(field.name) + "' cannot be compared");
  std::uint64_t number;
  std::memcpy(&number, value, sizeof number);
  return number;
}

}  // namespace

std::uint64_t hash_row(const weir::RowSchema& schema, const void* row) {
  std::uint64_t hash = 0;
  for (const weir::Field& field : schema.fields)
    hash =
        mix((hash * 31 + weir::hash_bytes(field.name)) ^
            mix(hash_field(field, static_cast<const std::byte*>(row) + field.offset) + 0x9E3779B97F4A7C15u));
  return hash;
}

}  // namespace nexmark
