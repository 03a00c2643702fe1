#include "time_text.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <limits>

namespace nexmark {

namespace {

using Moment = std::chrono::sys_time<std::chrono::milliseconds>;

Moment moment(weir::EventTime time) { return Moment(std::chrono::milliseconds(time.millis)); }

char* two_digits(char* to, unsigned number) {
  *to++ = static_cast<char>('0' + number / 10);
  *to++ = static_cast<char>('0' + number % 10);
  return to;
}

constexpr std::size_t kDaySize = 10;
void write_day(std::int32_t day, char* to) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  to = two_digits(two_digits(to, year / 100), year % 100);
  *to++ = '-';
  to = two_digits(to, static_cast<unsigned>(date.month()));
  *to++ = '-';
  two_digits(to, static_cast<unsigned>(date.day()));
}

}  // namespace

std::string_view day_text(weir::EventTime time, weir::Arena& arena) {
  // A thread asks for the same day again and again.
  thread_local std::int32_t known = std::numeric_limits<std::int32_t>::min();
  thread_local std::array<char, kDaySize> text;
  const std::int32_t day = day_of(time);
  if (day != known) write_day(day, text.data());
  known = day;
  char* const copy = arena.allocate(kDaySize);
  std::memcpy(copy, text.data(), kDaySize);
  return {copy, kDaySize};
}

std::string_view minute_text(weir::EventTime time, weir::Arena& arena) {
  const auto minute = static_cast<unsigned>(minute_of_day(time));
  constexpr std::size_t kSize = 5;
  char* const text = arena.allocate(kSize);
  char* to = two_digits(text, minute / 60);
  *to++ = ':';
  two_digits(to, minute % 60);
  return {text, kSize};
}

std::int32_t day_of(weir::EventTime time) {
  return static_cast<std::int32_t>(
      std::chrono::floor<std::chrono::days>(moment(time)).time_since_epoch().count());
}

weir::EventTime start_of_day(std::int32_t day) {
  return {std::chrono::milliseconds(std::chrono::days(day)).count()};
}

std::int32_t minute_of_day(weir::EventTime time) {
  const Moment at = moment(time);
  return static_cast<std::int32_t>(
      std::chrono::floor<std::chrono::minutes>(at - std::chrono::floor<std::chrono::days>(at)).count());
}

int hour_of_day(weir::EventTime time) { return minute_of_day(time) / 60; }

}  // namespace nexmark
