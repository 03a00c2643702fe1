#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weir/core/time.hpp>

namespace weir {

/// A time zone of the IANA data base, for its calendar days. Immutable; may be read from any thread.
///
/// Read from the system's TZif files ($TZDIR, or /usr/share/zoneinfo; Debian's package tzdata). Rules for the future are followed
/// until the year 2500 and then stay as they are. Source: RFC 8536, POSIX "TZ".
class TimeZone {
 public:
  /// `name` as in "Europe/Berlin". Throws FailJob(kUsage) where the system does not know it.
  static std::shared_ptr<const TimeZone> load(const std::string& name);
  /// From the bytes of a TZif file. Throws FailJob(kUsage) when they are none.
  static TimeZone parse(std::string name, std::string_view file);

  const std::string& name() const { return name_; }
  /// Local time minus UTC.
  Duration offset_at(EventTime time) const;
  /// The local calendar day of a moment, from its first midnight, or, where midnight is skipped, the moment that skips it, to the
  /// next day's. Days have 23, 24 or 25 h, seldom other lengths.
  Window day_of(EventTime time) const;

 private:
  struct Change {
    std::int64_t at;      ///< UTC, seconds
    std::int64_t offset;  ///< from then on, seconds
  };
  std::int64_t offset_at_second(std::int64_t utc) const;
  /// The first UTC second at which local midnight of `day` (days since 1970-01-01) has been reached.
  std::int64_t start_of_day(std::int64_t day) const;

  std::string name_;
  std::int64_t first_offset_ = 0;
  std::vector<Change> changes_;
};

}  // namespace weir
