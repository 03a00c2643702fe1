#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <weir/core/time.hpp>

namespace weir {

inline constexpr const char* kDurationForm = "a duration like 100ms, 1s, 5min, 2h, 1d or 1h30min";
inline constexpr const char* kSizeForm = "a size like 512MB, 64MiB or 2GiB";

/// Whole numbers with the units ms, s, min, h, d, largest first or not, added up; or 0. Nothing when `text` is
/// something else or too large.
std::optional<Duration> parse_duration(std::string_view text);
/// A whole number with B, KB, MB, GB, TB (thousands) or KiB, MiB, GiB, TiB (1,024s), in any case. In bytes.
std::optional<std::size_t> parse_size(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);
/// true, yes, on, 1 and their opposites.
std::optional<bool> parse_flag(std::string_view text);

/// "1,234,567"
std::string with_thousands(std::uint64_t number);
/// "850 ms", "12.3 s", "4 min 05 s", "2 h 03 min"
std::string for_people(Duration duration);
/// "2026-01-01 00:00:00"; "-" before the first watermark, "end" after the last.
std::string for_people(EventTime time);

}  // namespace weir
