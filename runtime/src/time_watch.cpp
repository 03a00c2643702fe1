#include "time_watch.hpp"

#include <fmt/format.h>

#include "time_text.hpp"

namespace weir {

namespace {

bool counts(const PartitionPlace& place) {
  const Standing standing = place.standing.load(std::memory_order_relaxed);
  return place.has_event_time.load(std::memory_order_relaxed) && standing != Standing::kIdle &&
         standing != Standing::kEnded;
}

std::string text_of_lag(std::int64_t lag) { return lag < 0 ? "" : fmt::format(", {} to be read", lag); }

}  // namespace

TimeWatch::TimeWatch(Source source, Environment::Instant patience, LogLine log)
    : source_(std::move(source)),
      log_(std::move(log)),
      hold_(patience),
      pauses_(source_.board->partitions(), Patience(patience)) {
  begin_hold(watermark_);
}

void TimeWatch::look(Environment::Instant now) {
  look_at_time(now);
  look_at_pauses(now);
}

void TimeWatch::begin_hold(std::int64_t watermark) {
  watermark_ = watermark;
  records_then_ = source_.records();
  positions_then_.clear();
  for (std::uint32_t p = 0; p < source_.board->partitions(); ++p)
    positions_then_.push_back(source_.board->place(p).position.load(std::memory_order_relaxed));
}

std::optional<std::uint32_t> TimeWatch::slowest() const {
  std::optional<std::uint32_t> slowest;
  std::int64_t least = 0;
  for (std::uint32_t p = 0; p < source_.board->partitions(); ++p) {
    const PartitionPlace& place = source_.board->place(p);
    const std::int64_t watermark = place.watermark.load(std::memory_order_relaxed);
    if (!counts(place) || (slowest && watermark >= least)) continue;
    slowest = p;
    least = watermark;
  }
  return slowest;
}

void TimeWatch::look_at_time(Environment::Instant now) {
  const std::optional<std::uint32_t> slowest = this->slowest();
  const std::int64_t watermark =
      slowest ? source_.board->place(*slowest).watermark.load(std::memory_order_relaxed) : watermark_;
  const bool held = slowest && watermark == watermark_;
  if (!held) begin_hold(watermark);
  const Patience::Word word = hold_.look(held && source_.records() > records_then_, now);
  if (word == Patience::Word::kLasts) log_(text_of_hold(*slowest, now - hold_.since()));
  else if (word == Patience::Word::kOver)
    log_(fmt::format("event time of source '{}' goes on, from {}, after {}", source_.name,
                     text_of(EventTime{watermark}), text_of(now - hold_.since())));
}

std::string TimeWatch::text_of_hold(std::uint32_t slowest, Environment::Instant lasted) const {
  const PartitionPlace& place = source_.board->place(slowest);
  const std::int64_t position = place.position.load(std::memory_order_relaxed);
  const std::int64_t lag = place.lag.load(std::memory_order_relaxed);
  const bool moved = position != positions_then_[slowest];
  std::size_t like_it = 0;
  for (std::uint32_t p = 0; p < source_.board->partitions(); ++p)
    like_it += p != slowest && counts(source_.board->place(p)) &&
               source_.board->place(p).watermark.load(std::memory_order_relaxed) == watermark_;
  std::string what, remedy;
  if (moved) {
    what = "its rows come, but do not take its watermark on";
    remedy = "look at their event times, and at the source's watermark strategy";
  } else if (lag > 0) {
    what = "has rows that do not arrive";
    remedy = "look at the broker or the file that it is read from";
  } else {
    what = watermark_ == EventTime::min().millis ? "has had no row yet" : "has had no row since";
    remedy = "look at what writes to it, or let time go on without a quiet partition: .idle_after(30s)";
  }
  return fmt::format(
      "event time of source '{}' has stood at {} for {}: partition '{}' {} (offset {}{}){}. {} records have "
      "come "
      "meanwhile, and no window ends: {}",
      source_.name, text_of(EventTime{watermark_}), text_of(lasted), (*source_.partitions)[slowest], what,
      position, text_of_lag(lag), like_it > 0 ? fmt::format(", and so with {} more", like_it) : "",
      source_.records() - records_then_, remedy);
}

void TimeWatch::look_at_pauses(Environment::Instant now) {
  for (std::uint32_t p = 0; p < source_.board->partitions(); ++p) {
    const PartitionPlace& place = source_.board->place(p);
    const bool paused = place.paused.load(std::memory_order_relaxed) &&
                        place.standing.load(std::memory_order_relaxed) != Standing::kEnded;
    const Patience::Word word = pauses_[p].look(paused, now);
    const EventTime own{place.watermark.load(std::memory_order_relaxed)};
    if (word == Patience::Word::kLasts)
      log_(
          fmt::format("source '{}': partition '{}' has not been read for {}: at {} it is further ahead than "
                      "align() allows; "
                      "what it waits for has come to {}",
                      source_.name, (*source_.partitions)[p], text_of(now - pauses_[p].since()), text_of(own),
                      text_of(source_.board->slowest())));
    else if (word == Patience::Word::kOver)
      log_(fmt::format("source '{}': partition '{}' is read again", source_.name, (*source_.partitions)[p]));
  }
}

}  // namespace weir
