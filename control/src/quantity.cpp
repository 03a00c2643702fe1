#include "quantity.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <ctime>
#include <limits>

#include <fmt/format.h>

namespace weir {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> kTimeUnits = {
    {{"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 9> kSizeUnits = {{{"b", 1},
                                             {"kb", 1'000},
                                             {"mb", 1'000'000},
                                             {"gb", 1'000'000'000},
                                             {"tb", 1'000'000'000'000},
                                             {"kib", 1ull << 10},
                                             {"mib", 1ull << 20},
                                             {"gib", 1ull << 30},
                                             {"tib", 1ull << 40}}};

/// Takes "12min" off the front of `text`; nothing when there is no such thing or the product leaves 63 bits.
template <std::size_t N>
std::optional<std::uint64_t> take_quantity(std::string_view& text, const std::array<Unit, N>& units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const std::size_t letters = static_cast<std::size_t>(
      std::find_if_not(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c); }) -
      text.begin());
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const Unit& u) { return u.name == text.substr(0, letters); });
  if (unit == units.end()) return std::nullopt;
  text.remove_prefix(letters);
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (number > kMost / unit->factor) return std::nullopt;
  return number * unit->factor;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return result;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{0};
  if (text.empty()) return std::nullopt;
  std::uint64_t sum = 0;
  while (!text.empty()) {
    const auto part = take_quantity(text, kTimeUnits);
    if (!part) return std::nullopt;
    sum += *part;  // two halves of 63 bits fit into 64
    if (sum > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  }
  return Duration{static_cast<std::int64_t>(sum)};
}

std::optional<std::size_t> parse_size(std::string_view text) {
  const std::string lowered = lower(text);
  std::string_view rest = lowered;
  const auto bytes = take_quantity(rest, kSizeUnits);
  if (!bytes || !rest.empty()) return std::nullopt;
  return static_cast<std::size_t>(*bytes);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> parse_flag(std::string_view text) {
  const std::string word = lower(text);
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return std::nullopt;
}

std::string with_thousands(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string for_people(Duration duration) {
  const auto ms = duration.count();
  if (ms < 1'000) return fmt::format("{} ms", ms);
  if (ms < 60'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000.0);
  if (ms < 3'600'000) return fmt::format("{} min {:02} s", ms / 60'000, ms / 1000 % 60);
  return fmt::format("{} h {:02} min", ms / 3'600'000, ms / 60'000 % 60);
}

std::string for_people(EventTime time) {
  if (time == EventTime::min()) return "-";
  if (time == EventTime::max()) return "end";
  const std::time_t seconds = time.millis >= 0 ? time.millis / 1000 : (time.millis - 999) / 1000;
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return fmt::format("{} ms", time.millis);
  std::array<char, 64> buffer{};
  const std::size_t size = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return std::string(buffer.data(), size);
}

}  // namespace weir
