#include "iso_time.hpp"

#include <chrono>

namespace weir {

namespace {

/// Reads an ISO text from left to right; every method leaves what it does not accept.
class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  bool skip(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool number(std::size_t digits, int& value) {
    if (text_.size() < digits) return false;
    value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return false;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return true;
  }
  /// The digits after a decimal point, as milliseconds.
  bool fraction(int& millis) {
    int unit = 100;
    std::size_t digits = 0;
    for (; digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9'; ++digits, unit /= 10)
      millis += (text_[digits] - '0') * unit;
    text_.remove_prefix(digits);
    return digits > 0;
  }

 private:
  std::string_view text_;
};

bool scan_offset(Scan& scan, int& minutes) {
  minutes = 0;
  if (scan.skip('Z') || scan.skip('z') || scan.done()) return true;
  const bool east = scan.skip('+');
  if (!east && !scan.skip('-')) return false;
  int hours = 0, rest = 0;
  if (!scan.number(2, hours)) return false;
  if (scan.skip(':') || !scan.done()) {
    if (!scan.number(2, rest)) return false;
  }
  if (hours > 18 || rest > 59) return false;
  minutes = (hours * 60 + rest) * (east ? 1 : -1);
  return true;
}

}  // namespace

bool parse_iso_time(std::string_view text, EventTime& time) {
  Scan scan(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millis = 0, offset = 0;
  if (!scan.number(4, year) || !scan.skip('-') || !scan.number(2, month) || !scan.skip('-') ||
      !scan.number(2, day))
    return false;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  if (!scan.done()) {
    if (!scan.skip('T') && !scan.skip('t') && !scan.skip(' ')) return false;
    if (!scan.number(2, hour) || !scan.skip(':') || !scan.number(2, minute)) return false;
    // Only seconds have a fraction: of minutes it would be another time than is written.
    if (scan.skip(':') && (!scan.number(2, second) || (scan.skip('.') && !scan.fraction(millis))))
      return false;
    if (!scan_offset(scan, offset) || !scan.done()) return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  time.millis = ((days * 24 + hour) * 60 + minute - offset) * 60'000 + second * 1000 + millis;
  return true;
}

}  // namespace weir
