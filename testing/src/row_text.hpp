#pragma once

#include <string>

#include <weir/core/schema.hpp>

namespace weir::testing {

/// A row as `{field:value,…}`, for comparisons.
std::string row_text(const RowSchema& schema, const void* row);

}  // namespace weir::testing
