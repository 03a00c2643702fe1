#include <weir/operators/time_zone.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "posix_time_zone.hpp"

namespace weir {

namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kLastYear = 2500;
constexpr std::size_t kHeaderBytes = 44;

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/// Big-endian numbers of a TZif file.
class Bytes {
 public:
  Bytes(const std::string& zone, std::string_view bytes) : zone_(zone), bytes_(bytes) {}
  std::int64_t number(std::size_t at, std::size_t bytes) const {
    require(at + bytes <= bytes_.size());
    std::uint64_t n = (static_cast<std::uint8_t>(bytes_[at]) & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < bytes; ++i) n = n << 8 | static_cast<std::uint8_t>(bytes_[at + i]);
    return static_cast<std::int64_t>(n);
  }
  std::size_t count(std::size_t at) const {
    const std::int64_t n = number(at, 4);
    require(n >= 0 && n < 1'000'000);
    return static_cast<std::size_t>(n);
  }
  std::string_view from(std::size_t at) const {
    require(at <= bytes_.size());
    return bytes_.substr(at);
  }
  void require(bool fits) const {
    if (!fits)
      throw FailJob(fmt::format("the time zone file of '{}' is damaged; install tzdata again", zone_),
                    ExitCode::kUsage);
  }

 private:
  const std::string& zone_;
  std::string_view bytes_;
};

/// Where the parts of one block of a TZif file lie. Times have 4 bytes in the first block, 8 in the second.
struct Block {
  Block(const Bytes& file, std::size_t at, std::size_t time) : time_bytes(time) {
    file.require(file.from(at).starts_with("TZif"));
    const std::size_t ut = file.count(at + 20), standard = file.count(at + 24), leaps = file.count(at + 28);
    times = file.count(at + 32);
    types = file.count(at + 36);
    const std::size_t names = file.count(at + 40);
    times_at = at + kHeaderBytes;
    indices_at = times_at + times * time_bytes;
    types_at = indices_at + times;
    end = types_at + types * 6 + names + leaps * (time_bytes + 4) + standard + ut;
  }
  std::size_t time_bytes, times, types, times_at, indices_at, types_at, end;
};

}  // namespace

TimeZone TimeZone::parse(std::string name, std::string_view bytes) {
  TimeZone zone;
  zone.name_ = std::move(name);
  const Bytes file(zone.name_, bytes);
  const Block old(file, 0, 4);
  file.require(bytes[4] >= '2');  // the first version knows no time after 2038
  const Block block(file, old.end, 8);
  const auto offset_of = [&](std::size_t type) {
    file.require(type < block.types);
    return file.number(block.types_at + type * 6, 4);
  };
  zone.first_offset_ = offset_of(0);
  for (std::size_t i = 0; i < block.times; ++i)
    zone.changes_.push_back({file.number(block.times_at + i * 8, 8),
                             offset_of(static_cast<std::size_t>(file.number(block.indices_at + i, 1)))});
  std::string_view rule = file.from(block.end);
  file.require(rule.size() >= 2 && rule.front() == '\n' && rule.find('\n', 1) != std::string_view::npos);
  rule = rule.substr(1, rule.find('\n', 1) - 1);
  if (rule.empty()) return zone;
  const auto future = PosixTimeZone::parse(rule);
  file.require(future.has_value());
  if (zone.changes_.empty()) zone.first_offset_ = future->standard_offset();
  const std::int64_t last = zone.changes_.empty() ? 0 : zone.changes_.back().at;
  for (std::int64_t year = 1970 + floor_div(last, kDay * 366); year <= kLastYear; ++year)
    for (const PosixTimeZone::Change& change : future->changes_of(year))
      if (change.at > last) zone.changes_.push_back({change.at, change.offset});
  return zone;
}

std::shared_ptr<const TimeZone> TimeZone::load(const std::string& name) {
  const char* directory = std::getenv("TZDIR");
  const std::string root = directory && *directory ? directory : "/usr/share/zoneinfo";
  const bool plain = !name.empty() && name.front() != '/' && name.find("..") == std::string::npos;
  const std::filesystem::path path = root + "/" + name;
  std::string bytes;
  if (std::error_code none; plain && std::filesystem::is_regular_file(path, none)) {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  if (!bytes.starts_with("TZif"))
    throw FailJob(fmt::format("unknown time zone '{}': {} has no such zone; names are those of the IANA data "
                              "base, as in 'Europe/Berlin', and Debian's package tzdata brings them",
                              name, root),
                  ExitCode::kUsage);
  return std::make_shared<const TimeZone>(parse(name, bytes));
}

std::int64_t TimeZone::offset_at_second(std::int64_t utc) const {
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), utc,
                                      [](std::int64_t t, const Change& change) { return t < change.at; });
  return after == changes_.begin() ? first_offset_ : std::prev(after)->offset;
}

Duration TimeZone::offset_at(EventTime time) const {
  return Duration{offset_at_second(floor_div(time.millis, 1000)) * 1000};
}

std::int64_t TimeZone::start_of_day(std::int64_t day) const {
  const std::int64_t midnight = day * kDay;
  // Offsets are less than a day and a half from UTC; the spans of constant offset around midnight are walked in order.
  std::int64_t begin = midnight - 2 * kDay;
  auto change = std::upper_bound(changes_.begin(), changes_.end(), begin,
                                 [](std::int64_t t, const Change& c) { return t < c.at; });
  std::int64_t offset = offset_at_second(begin);
  for (;; ++change) {
    const std::int64_t reached = std::max(begin, midnight - offset);
    if (change == changes_.end() || reached < change->at) return reached;
    begin = change->at;
    offset = change->offset;
  }
}

Window TimeZone::day_of(EventTime time) const {
  // Far enough from the ends of time that a day more or less cannot wrap around.
  constexpr std::int64_t kMost = EventTime::max().millis / 1000 - 4 * kDay;
  const std::int64_t utc = std::clamp(floor_div(time.millis, 1000), -kMost, kMost);
  std::int64_t day = floor_div(utc + offset_at_second(utc), kDay);
  while (start_of_day(day) > utc) --day;
  while (start_of_day(day + 1) <= utc) ++day;
  Window window{{start_of_day(day) * 1000}, {start_of_day(day + 1) * 1000}};
  if (time < window.start) window = {EventTime::min(), window.start};
  else if (time >= window.end) window = {window.end, EventTime::max()};
  return window;
}

}  // namespace weir
