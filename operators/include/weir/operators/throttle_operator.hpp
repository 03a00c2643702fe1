#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include <weir/core/environment.hpp>
#include <weir/core/job_graph.hpp>
#include <weir/operators/chain.hpp>
#include <weir/operators/emitter.hpp>
#include <weir/operators/rate.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/ordered_map.hpp>
#include <weir/state/timers.hpp>

namespace weir::detail {

/// A row that waits: by its coming. `hold` is the watermark in front of it, which must not be passed on before it is.
struct WaitingPlace {
  std::uint64_t sequence;
  EventTime time;
  EventTime hold;
};
BOOST_DESCRIBE_STRUCT(WaitingPlace, (), (sequence, time, hold))

/// Lets rows of a key pass at a rate, by processing time, in the order in which they come, with their event times; the others wait. At the
/// end of the input the rest passes at once. A watermark leaves when all rows that came before it have.
///
/// The rate is never exceeded, not even to make up for a late look at the clock or for a restart; with a burst of a few rows small delays
/// cost nothing.
///
/// State, kept in memory: rows that wait, and for each key that was active lately its next free moment. After a restart rows go on
/// waiting.
/// Source: the generic cell rate algorithm (ITU-T I.371, virtual scheduling).
template <class Key, class Row>
class ThrottleOperator final : public Operator {
 public:
  using In = Keyed<Key, Row>;

  ThrottleOperator(OperatorContext context, Rate rate)
      : rate_(rate),
        environment_(*context.environment),
        states_(context),
        waiting_(states_, "waiting"),
        free_(states_, "next free moment"),
        out_(context, 0),
        watermark_(states_.restored_watermark()) {
    restore();
  }

  static void describe(std::vector<StateDescription>& states) {
    states.push_back({"waiting", state_type<Key>(), "waiting<" + state_type<Row>() + ">"});
    states.push_back({"next free moment", state_type<Key>(), state_type<std::int64_t>()});
  }

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<In>&>(batch);
    const std::int64_t now = nanos(environment_.wall_clock());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const In& row = rows[i];
      const bool behind = waiting_rows_ > 0 && waiting_.find(row.hash, row.key);
      if (!behind && passes(row.hash, row.key, now)) emit_copy(out_, row.value, rows.time(i));
      else wait(row, rows.time(i), behind);
    }
    end_of_call();
  }

  bool advance_watermark(EventTime watermark) override {
    if (!is_end_of_input(watermark)) watermark_ = std::max(watermark_, watermark);
    return true;
  }
  EventTime watermark_hold() const override {
    return holds_.empty() ? EventTime::max() : holds_.begin()->first;
  }
  bool accepts_rows() const override { return waiting_rows_ < rate_.queue(); }

  EventTime next_processing_time() const override { return std::min(due_.next(), idle_.next()); }
  bool advance_processing_time(EventTime now) override {
    const bool done = release(now, false);
    forget(now);
    end_of_call();
    return done;
  }
  bool end_of_input() override {
    const bool done = release(EventTime::max(), true);
    if (done) forget(EventTime::max());
    end_of_call();
    return done;
  }

  void snapshot(SnapshotWriter& writer) override { states_.seal(writer, watermark_); }

 private:
  using Waiting = OrderedMap<WaitingPlace, Row>;
  using KeyQueue = TimerQueue<std::pair<std::uint64_t, Owned<Key>>>;
  static constexpr std::int64_t kNanosPerMilli = 1'000'000;

  static std::int64_t nanos(EventTime time) { return time.millis * kNanosPerMilli; }
  /// The first millisecond that is not before.
  static EventTime millis(std::int64_t nanos) { return {(nanos + kNanosPerMilli - 1) / kNanosPerMilli}; }

  void restore() {
    waiting_.pin();
    free_.pin();
    free_.for_each([&](const Key& key, std::int64_t free) {
      idle_.push(millis(free), {hash_key(key), Owned<Key>(key)});
    });
    waiting_.for_each([&](const Key& key, const Waiting& rows) {
      rows.for_each([&](const WaitingPlace& place, const Row&) { ++holds_[place.hold]; });
      waiting_rows_ += rows.size();
      due_.push(due_time(hash_key(key), key), {hash_key(key), Owned<Key>(key)});
    });
  }

  /// Takes a place in the flow, when there is one.
  bool passes(std::uint64_t hash, const Key& key, std::int64_t now) {
    const std::int64_t* known = free_.find(hash, key);
    const std::int64_t free = known ? std::max(*known, now) : now;
    if (free - now > rate_.nanos_ahead()) return false;
    if (!known) idle_.push(millis(free + rate_.nanos_between()), {hash, Owned<Key>(key)});
    free_.edit(hash, key) = free + rate_.nanos_between();
    return true;
  }
  EventTime due_time(std::uint64_t hash, const Key& key) {
    const std::int64_t* free = free_.find(hash, key);
    return free ? millis(*free - rate_.nanos_ahead()) : EventTime::min();
  }
  void wait(const In& row, EventTime time, bool behind) {
    waiting_.edit(row.hash, row.key).put({states_.next_sequence(), time, watermark_}, row.value);
    ++waiting_rows_;
    ++holds_[watermark_];
    if (!behind) due_.push(due_time(row.hash, row.key), {row.hash, Owned<Key>(row.key)});
  }

  /// Lets pass what may at `now`, or all. False: there is more.
  bool release(EventTime now, bool all) {
    std::size_t emitted = 0;
    while (emitted < kEmitAtMost) {
      auto due = due_.pop(now);
      if (!due) return true;
      const auto& [hash, key] = due->second;
      emitted += release_key(hash, key.get(), all ? 0 : nanos(now), all, kEmitAtMost - emitted);
      if (waiting_.find(hash, key.get()))
        due_.push(all ? EventTime::min() : due_time(hash, key.get()), std::move(due->second));
    }
    return false;
  }
  std::size_t release_key(std::uint64_t hash, const Key& key, std::int64_t now, bool all, std::size_t most) {
    Waiting* rows = waiting_.edit_if(hash, key);
    std::vector<WaitingPlace> gone;
    rows->for_each([&](const WaitingPlace& place, const Row& row) {
      if (gone.size() == most || !(all || passes(hash, key, now))) return false;
      emit_copy(out_, row, place.time);
      gone.push_back(place);
      return true;
    });
    for (const WaitingPlace& place : gone) {
      rows->erase(place);
      if (const auto hold = holds_.find(place.hold); --hold->second == 0) holds_.erase(hold);
    }
    waiting_rows_ -= gone.size();
    if (rows->empty()) waiting_.erase(hash, key);
    return gone.size();
  }
  /// A key whose next free moment has passed is like one that never came.
  void forget(EventTime now) {
    while (auto idle = idle_.pop(now)) {
      const auto& [hash, key] = idle->second;
      const EventTime free = millis(*free_.find(hash, key.get()));
      if (free > now) idle_.push(free, std::move(idle->second));
      else free_.erase(hash, key.get());
    }
  }
  void end_of_call() {
    out_.flush();
    states_.settle();
  }

  const Rate rate_;
  Environment& environment_;
  OperatorStates states_;
  KeyedTable<Key, Waiting> waiting_;
  KeyedTable<Key, std::int64_t> free_;  ///< nanoseconds of the wall clock
  KeyQueue due_;                        ///< keys with waiting rows, once each, when the first may pass
  KeyQueue idle_;                       ///< keys with a next free moment, once each, when it may have passed
  std::size_t waiting_rows_ = 0;
  std::map<EventTime, std::size_t> holds_;  ///< of waiting rows, how many have each
  Emitter<Row> out_;
  EventTime watermark_;
};

}  // namespace weir::detail
