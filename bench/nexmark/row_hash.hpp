#pragma once

#include <cstdint>

#include <weir/core/schema.hpp>

namespace nexmark {

/// A hash of names and values of a row's fields: equal rows of equal columns have the same, whatever struct they are. Fields are whole
/// numbers of 64 bits, times and text, or std::logic_error is thrown.
std::uint64_t hash_row(const weir::RowSchema& schema, const void* row);

}  // namespace nexmark
