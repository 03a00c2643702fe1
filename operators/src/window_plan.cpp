#include <weir/operators/window_plan.hpp>

#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/time_zone.hpp>

namespace weir {

namespace {

/// Wide enough for sums of times and durations; clamped when it becomes a time.
__extension__ using Wide = __int128;

EventTime clamp(Wide millis) {
  if (millis < EventTime::min().millis) return EventTime::min();
  if (millis > EventTime::max().millis) return EventTime::max();
  return {static_cast<std::int64_t>(millis)};
}

/// The largest multiple of `step`, plus `offset`, that is not above `millis`.
Wide floor_to(Wide millis, Duration step, Wide offset) {
  constexpr std::int64_t kNear = std::int64_t{1} << 61;
  const Wide from = millis - offset;
  if (from < kNear && from > -kNear) {  // 64 bits divide several times faster
    const auto narrow = static_cast<std::int64_t>(from);
    const std::int64_t into = narrow % step.count();
    return narrow - (into < 0 ? into + step.count() : into) + offset;
  }
  const Wide into = from % step.count();
  return from - (into < 0 ? into + step.count() : into) + offset;
}

}  // namespace

WindowPlan::WindowPlan(Kind kind, Duration size, Duration step) : kind_(kind), size_(size), step_(step) {
  if (size.count() <= 0) throw FailJob("a window needs a size of at least 1 ms", ExitCode::kUsage);
  if (kind == Kind::kTumbling) step_ = size;
  if (step_.count() <= 0)
    throw FailJob(kind == Kind::kSliding ? "a sliding window needs a slide of at least 1 ms"
                                         : "a cumulative window needs a step of at least 1 ms",
                  ExitCode::kUsage);
  if (kind == Kind::kCumulative && size.count() % step_.count() != 0)
    throw FailJob(fmt::format("a cumulative window's largest size must be a multiple of its step; {} ms is "
                              "not a multiple of {} ms",
                              size.count(), step_.count()),
                  ExitCode::kUsage);
}

WindowPlan::WindowPlan(std::shared_ptr<const TimeZone> zone)
    : kind_(Kind::kCalendarDays), size_(std::chrono::hours(24)), step_(size_), zone_(std::move(zone)) {}

Window WindowPlan::day_of(EventTime time) const {
  const Window day = zone_->day_of(clamp(Wide{time.millis} - offset.count()));
  return {clamp(Wide{day.start.millis} + offset.count()), clamp(Wide{day.end.millis} + offset.count())};
}

Window WindowPlan::slice_of(EventTime time) const {
  if (kind_ == Kind::kCalendarDays) return day_of(time);
  const Wide begin = floor_to(time.millis, step_, offset.count());
  const Wide end = begin + step_.count();
  const std::int64_t cut = size_.count() % step_.count();
  if (kind_ != Kind::kSliding || cut == 0) return {clamp(begin), clamp(end)};
  if (time.millis < begin + cut) return {clamp(begin), clamp(begin + cut)};
  return {clamp(begin + cut), clamp(end)};
}

EventTime WindowPlan::first_end(const Window& slice) const {
  return kind_ == Kind::kSliding ? next_end(EventTime{slice.end.millis - 1}) : slice.end;
}

EventTime WindowPlan::last_end(const Window& slice) const {
  if (single_slice()) return slice.end;
  const Duration between = kind_ == Kind::kSliding ? step_ : size_;
  // The start may have been cut short; the slice's last moment is in the same windows.
  return clamp(floor_to(slice.start.millis, between, offset.count()) + size_.count());
}

EventTime WindowPlan::next_end(EventTime time) const {
  if (kind_ == Kind::kCalendarDays) return day_of(time).end;
  const Wide phase = Wide{offset.count()} + (kind_ == Kind::kSliding ? size_.count() : 0);
  return clamp(floor_to(time.millis, step_, phase) + step_.count());
}

EventTime WindowPlan::start_of(EventTime end) const {
  switch (kind_) {
    case Kind::kCalendarDays:
      return day_of(EventTime{end.millis - 1}).start;
    case Kind::kCumulative:
      return clamp(floor_to(Wide{end.millis} - 1, size_, offset.count()));
    default:
      return clamp(Wide{end.millis} - size_.count());
  }
}

std::string WindowPlan::description() const {
  switch (kind_) {
    case Kind::kTumbling:
      return "tumbling window of " + detail::describe(size_);
    case Kind::kSliding:
      return fmt::format("sliding window of {} every {}", detail::describe(size_), detail::describe(step_));
    case Kind::kCumulative:
      return fmt::format("cumulative window of up to {} by {}", detail::describe(size_),
                         detail::describe(step_));
    case Kind::kCalendarDays:
      break;
  }
  return "calendar day of " + zone_->name();
}

std::string WindowPlan::geometry() const {
  return offset.count() == 0 ? description()
                             : fmt::format("{}, offset {}", description(), detail::describe(offset));
}

}  // namespace weir
