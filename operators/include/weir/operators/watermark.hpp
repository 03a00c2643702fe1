#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/core/time.hpp>

namespace weir {

/// A strategy that looks at times only: observe(time).
template <class Strategy>
concept ObservesTimes = requires(Strategy strategy, EventTime time) {
  strategy.observe(time);
};

/// A strategy that looks at whole rows: observe(row, time).
template <class Strategy, class Row>
concept ObservesRows = requires(Strategy strategy, const Row& row, EventTime time) {
  strategy.observe(row, time);
};

/// Decides how far event time has come in one partition. What a user's own strategy must offer:
///
/// * `observe(EventTime time)`, or `observe(const Row& row, EventTime time)`: called for each row, in the order of the partition;
/// * `EventTime watermark() const`: "no row with an earlier or equal time is expected any more"; EventTime::min() for "not known yet".
///   Asked for once a batch;
/// * `read_at(EventTime now)`, if it wants to know the wall clock: called once a batch, before its rows are observed.
///
/// The strategy given to event_time() is copied for each partition. It need not be monotonous: a result that goes back is not
/// passed on, and what is kEndOfInput or later, which means that inputs have ended, is passed on as the millisecond before. Its members are not kept in
/// checkpoints: after a restart each partition begins with a fresh copy, and its watermark where the checkpoint left it.
/// Called on the worker that reads the partition; must not block.
template <class Strategy, class Row>
concept WatermarkStrategy = std::copy_constructible<Strategy> &&
    (ObservesTimes<Strategy> || ObservesRows<Strategy, Row>)&&requires(const Strategy& reading) {
  { reading.watermark() } -> std::same_as<EventTime>;
};

/// A strategy that wants to know the wall clock: read_at(now).
template <class Strategy>
concept KnowsClock = requires(Strategy strategy, EventTime now) {
  strategy.read_at(now);
};

template <class Strategy>
class AheadOfClockAtMost;

/// Rows may be out of order by at most `bound`: the watermark stays that far, and a millisecond, behind the largest time seen.
/// A row further behind is late. Source: Flink, "Generating Watermarks".
class BoundedOutOfOrderness {
 public:
  explicit BoundedOutOfOrderness(Duration bound) : bound_(bound) {}
  void observe(EventTime time) { largest_ = std::max(largest_, time); }
  EventTime watermark() const { return saturating_sub(largest_, bound_ + Duration{1}); }
  AheadOfClockAtMost<BoundedOutOfOrderness> ahead_of_clock_at_most(Duration bound) const;

 private:
  Duration bound_;
  EventTime largest_ = EventTime::min();
};

/// `bound`: 0 ms and up. Small: windows fire early, more rows are late. Large: the other way round.
inline BoundedOutOfOrderness bounded_out_of_orderness(Duration bound) { return BoundedOutOfOrderness(bound); }
/// Times within a partition never go back. Partitions may be apart from each other as far as they like.
inline BoundedOutOfOrderness monotonous() { return BoundedOutOfOrderness(Duration{0}); }

/// Rows themselves carry watermarks; see punctuated().
template <class Function>
class Punctuated {
 public:
  explicit Punctuated(Function watermark_of) : watermark_of_(std::move(watermark_of)) {}

  template <class Row>
  requires std::is_invocable_r_v < std::optional<EventTime>,
  const Function&, const Row&, EventTime > void observe(const Row& row, EventTime time) {
    if (const std::optional<EventTime> carried = watermark_of_(row, time))
      watermark_ = std::max(watermark_, *carried);
  }
  EventTime watermark() const { return watermark_; }
  AheadOfClockAtMost<Punctuated> ahead_of_clock_at_most(Duration bound) const { return {bound, *this}; }

 private:
  Function watermark_of_;
  EventTime watermark_ = EventTime::min();
};

/// Rows say themselves how far time has come: `watermark_of(const Row&, EventTime time) -> std::optional<EventTime>` gives the
/// watermark that a row carries, and nothing for rows that carry none. It holds for the row's own partition from the end of the row's
/// batch on: the row itself, and its neighbours, are not late by it. A partition that never carries one holds back all others.
/// Source: Flink, "Writing a Punctuated WatermarkGenerator".
template <class Function>
Punctuated<Function> punctuated(Function watermark_of) {
  return Punctuated<Function>(std::move(watermark_of));
}

/// A strategy that does not believe rows which are further ahead of the wall clock than a bound, by their time or by the watermark
/// that they carry: they do not move it. One row of the year 9999 would otherwise make all that come after it late. The rows
/// themselves are passed on as they are, and counted.
template <class Strategy>
class AheadOfClockAtMost {
 public:
  AheadOfClockAtMost(Duration bound, Strategy strategy) : bound_(bound), strategy_(std::move(strategy)) {}

  void read_at(EventTime now) { believed_ = saturating_add(now, bound_); }

  template <class Row>
  requires ObservesRows<Strategy, Row> || ObservesTimes<Strategy>
  void observe(const Row& row, EventTime time) {
    if (time > believed_) return disbelieve(time);
    if constexpr (ObservesRows<Strategy, Row>) {
      Strategy after = *strategy_;
      after.observe(row, time);
      if (after.watermark() > believed_) return disbelieve(after.watermark());
      strategy_.emplace(std::move(after));
    } else {
      strategy_->observe(time);
    }
  }
  EventTime watermark() const { return std::min(strategy_->watermark(), believed_); }

  /// Rows not believed since the last call, and the furthest time of them.
  std::size_t take_ahead() { return std::exchange(ahead_, 0); }
  EventTime furthest() const { return furthest_; }
  Duration bound() const { return bound_; }

 private:
  void disbelieve(EventTime time) {
    ++ahead_;
    furthest_ = std::max(furthest_, time);
  }

  Duration bound_;
  std::optional<Strategy> strategy_;  // always there; not every strategy can be assigned
  EventTime believed_ = EventTime::min();
  EventTime furthest_ = EventTime::min();
  std::size_t ahead_ = 0;
};

/// `strategy`, of any kind, that believes no row further ahead of the wall clock than `bound`, 0 ms and up: as far as the clocks of those
/// who give rows their times may be wrong. What is read long after it happened is not touched by it.
template <class Strategy>
AheadOfClockAtMost<Strategy> ahead_of_clock_at_most(Duration bound, Strategy strategy) {
  return {bound, std::move(strategy)};
}

inline AheadOfClockAtMost<BoundedOutOfOrderness> BoundedOutOfOrderness::ahead_of_clock_at_most(
    Duration bound) const {
  return {bound, *this};
}

}  // namespace weir
