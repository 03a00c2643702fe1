#pragma once

#include <string_view>

#include <weir/core/time.hpp>

namespace weir {

/// Reads an ISO-8601 date or moment: 2013-01-01, 2013-01-01T10:00Z, 2013-01-01 10:00:00.123456+02:00.
/// Without an offset it is UTC; what is finer than a millisecond is cut off. False when `text` is nothing
/// of the kind.
bool parse_iso_time(std::string_view text, EventTime& time);

}  // namespace weir
