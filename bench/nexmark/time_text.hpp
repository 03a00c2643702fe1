#pragma once

#include <cstdint>
#include <string_view>

#include <weir/core/arena.hpp>
#include <weir/core/time.hpp>

/// Times as text, in UTC, for years of four digits.
namespace nexmark {

/// "2015-07-15"
std::string_view day_text(weir::EventTime time, weir::Arena& arena);
/// "23:58"
std::string_view minute_text(weir::EventTime time, weir::Arena& arena);
/// Days since 1970, and the first moment of one.
std::int32_t day_of(weir::EventTime time);
weir::EventTime start_of_day(std::int32_t day);
/// 0 to 1439
std::int32_t minute_of_day(weir::EventTime time);
/// 0 to 23
int hour_of_day(weir::EventTime time);

}  // namespace nexmark
