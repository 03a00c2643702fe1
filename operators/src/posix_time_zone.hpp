#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace weir {

/// The rule at the end of a TZif file, "CET-1CEST,M3.5.0,M10.5.0/3": what holds after the last change it lists.
/// Source: POSIX, "Environment variables", TZ; RFC 8536, section 3.3.1 (hours from -167 to 167).
class PosixTimeZone {
 public:
  struct Change {
    std::int64_t at;      ///< UTC, seconds
    std::int64_t offset;  ///< of local time from UTC from then on, seconds
  };

  /// Nothing where the rule is not one.
  static std::optional<PosixTimeZone> parse(std::string_view rule);

  std::int64_t standard_offset() const { return standard_; }
  /// The changes of a year, in order; none where there is no summer time.
  std::vector<Change> changes_of(std::int64_t year) const;

 private:
  /// A day of the year, as the rule says it, and the local second of that day.
  struct Date {
    enum class Kind { kWeekday, kJulian, kZeroBased } kind;
    int month = 0, week = 0, day = 0;
    std::int64_t second = 7200;
    std::int64_t local_second_of(std::int64_t year) const;
  };
  class Reader;

  std::int64_t standard_ = 0;
  std::optional<std::int64_t> summer_;
  Date begins_{}, ends_{};
};

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar. Source: Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms".
constexpr std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

}  // namespace weir
