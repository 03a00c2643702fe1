#include "posix_time_zone.hpp"

#include <algorithm>
#include <cctype>

namespace weir {

/// Reads a rule from its beginning; ok() turns false at the first thing that does not belong there.
class PosixTimeZone::Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok_ = take(c) && ok_; }

  /// "CET", or "<+0330>".
  void name() {
    const bool quoted = take('<');
    std::size_t n = 0;
    while (n < rest_.size() &&
           (quoted ? rest_[n] != '>' : std::isalpha(static_cast<unsigned char>(rest_[n])) != 0))
      ++n;
    ok_ = ok_ && n > 0;
    rest_.remove_prefix(n);
    if (quoted) expect('>');
  }
  int number() {
    int n = 0;
    bool any = false;
    while (!rest_.empty() && std::isdigit(static_cast<unsigned char>(rest_.front())) && n < 100'000) {
      n = n * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
      any = true;
    }
    ok_ = ok_ && any;
    return n;
  }
  /// "[+-]hh[:mm[:ss]]" in seconds.
  std::int64_t time() {
    const bool negative = take('-');
    if (!negative) take('+');
    std::int64_t seconds = std::int64_t{number()} * 3600;
    if (take(':')) seconds += std::int64_t{number()} * 60;
    if (take(':')) seconds += number();
    return negative ? -seconds : seconds;
  }
  Date date() {
    Date date{};
    if (take('M')) {
      date.kind = Date::Kind::kWeekday;
      date.month = number();
      expect('.');
      date.week = number();
      expect('.');
      date.day = number();
      ok_ = ok_ && date.month >= 1 && date.month <= 12 && date.week >= 1 && date.week <= 5 && date.day <= 6;
    } else {
      date.kind = take('J') ? Date::Kind::kJulian : Date::Kind::kZeroBased;
      date.day = number();
      ok_ = ok_ && date.day <= 365;
    }
    if (take('/')) date.second = time();
    return date;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<PosixTimeZone> PosixTimeZone::parse(std::string_view rule) {
  Reader reader(rule);
  PosixTimeZone zone;
  reader.name();
  zone.standard_ = -reader.time();
  if (reader.ok() && reader.at_end()) return zone;
  reader.name();
  zone.summer_ = zone.standard_ + 3600;
  if (!reader.next_is(',')) zone.summer_ = -reader.time();
  reader.expect(',');
  zone.begins_ = reader.date();
  reader.expect(',');
  zone.ends_ = reader.date();
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return zone;
}

std::int64_t PosixTimeZone::Date::local_second_of(std::int64_t year) const {
  const bool leap = days_from_civil(year, 3, 1) - days_from_civil(year, 2, 28) == 2;
  const std::int64_t first = days_from_civil(year, 1, 1);
  std::int64_t on = first + day;  // kZeroBased
  if (kind == Kind::kJulian) on = first + day - 1 + (leap && day >= 60 ? 1 : 0);
  if (kind == Kind::kWeekday) {
    const std::int64_t begin = days_from_civil(year, month, 1);
    const std::int64_t next =
        month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, month + 1, 1);
    const std::int64_t weekday = ((begin + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
    on = begin + (day - weekday + 7) % 7 + (week - 1) * 7;
    while (on >= next) on -= 7;
  }
  return on * 86'400 + second;
}

std::vector<PosixTimeZone::Change> PosixTimeZone::changes_of(std::int64_t year) const {
  if (!summer_) return {};
  std::vector<Change> changes{{begins_.local_second_of(year) - standard_, *summer_},
                              {ends_.local_second_of(year) - *summer_, standard_}};
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.at < b.at; });
  return changes;
}

}  // namespace weir
