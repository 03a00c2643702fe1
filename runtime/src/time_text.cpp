#include "time_text.hpp"

#include <ctime>

#include <fmt/format.h>

namespace weir {

std::string text_of(EventTime time) {
  if (time == EventTime::min()) return "the beginning";
  if (time == EventTime::max()) return "the end";
  const std::int64_t within = (time.millis % 1000 + 1000) % 1000;
  const std::time_t seconds = (time.millis - within) / 1000;
  std::tm parts{};
  if (!gmtime_r(&seconds, &parts)) return fmt::format("{} ms since 1970", time.millis);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900L, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, within);
}

std::string text_of(std::chrono::nanoseconds duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (ms < 1'000) return fmt::format("{} ms", ms);
  if (ms < 60'000) return fmt::format("{} s", ms / 1000);
  if (ms < 3'600'000) return fmt::format("{} min {:02} s", ms / 60'000, ms / 1000 % 60);
  return fmt::format("{} h {:02} min", ms / 3'600'000, ms / 60'000 % 60);
}

}  // namespace weir
