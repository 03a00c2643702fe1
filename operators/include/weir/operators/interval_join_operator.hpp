#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <weir/operators/chain.hpp>
#include <weir/operators/due_rows.hpp>
#include <weir/operators/join.hpp>
#include <weir/operators/join_rows.hpp>
#include <weir/operators/span_tables.hpp>
#include <weir/operators/window_progress.hpp>

namespace weir::detail {

/// `time + by`, which may be negative, staying within what can be said. Not for Duration::min().
constexpr EventTime shifted(EventTime time, Duration by) {
  return by.count() >= 0 ? saturating_add(time, by) : saturating_sub(time, -by);
}

/// What an interval join keeps of one side, and what of it is due.
///
/// `lower` and `upper` are where the partners of this side's rows lie, seen from their own time. A row is kept until the watermark
/// has reached its time plus `upper`: no partner can come then.
template <bool kIsLeft, class Key, class Row, bool kKeepsUnmatched>
struct IntervalJoinSide {
  using RowType = Row;
  static constexpr bool kLeft = kIsLeft;
  using Rows = JoinRows<Row, kKeepsUnmatched>;
  using Tables = SpanTables<Key, Rows>;
  static constexpr bool kKeeps = kKeepsUnmatched;

  /// A row that has had no partner when its bucket became due.
  struct Unmatched {
    std::uint64_t hash;
    Key key;
    Row row;
    EventTime time;
    std::uint32_t place;
  };

  IntervalJoinSide(OperatorContext& context, OperatorStates& states, const char* name, std::size_t late_port,
                   Duration from, Duration to, Duration bucket)
      : lower(from),
        upper(to),
        width(bucket.count()),
        tables(states, name, std::to_string(bucket.count()) + " ms"),
        due(states.store()),
        late(context, late_port) {}

  std::int64_t bucket_of(EventTime time) const {
    return time.millis / width - (time.millis % width < 0 ? 1 : 0);
  }
  /// When no partner of a row can come any more.
  EventTime decided_at(EventTime time) const { return shifted(time, upper); }
  EventTime emission_time(EventTime time) const { return std::max(time, decided_at(time)); }
  /// Of the bucket's first moment, or of its last one.
  EventTime first_decided(std::int64_t bucket) const { return decided_at(start_of(bucket)); }
  EventTime last_decided(std::int64_t bucket) const {
    return decided_at(shifted(start_of(bucket), Duration{width - 1}));
  }

  /// Tables of the buckets that times in [from, to] lie in; valid until one comes or goes.
  const std::vector<typename Tables::Table*>& tables_between(EventTime from, EventTime to) {
    const std::int64_t first = bucket_of(from), last = bucket_of(to);
    if (first == found_first_ && last == found_last_ && tables.version() == found_version_) return found_;
    found_.clear();
    const auto& all = tables.all();
    for (auto it = all.lower_bound(first); it != all.end() && it->first <= last; ++it)
      found_.push_back(it->second.get());
    found_first_ = first;
    found_last_ = last;
    found_version_ = tables.version();
    return found_;
  }

  void end_of_call() {
    late.flush();
    due.settle();
  }

  const Duration lower;
  const Duration upper;
  const std::int64_t width;
  Tables tables;
  DueRows<Unmatched> due;
  /// Buckets up to this one have been looked through for rows without partner: what comes into them is due at once.
  std::int64_t looked_through = std::numeric_limits<std::int64_t>::min();
  LateRows<Row> late;

 private:
  EventTime start_of(std::int64_t bucket) const {
    const std::int64_t lowest = std::numeric_limits<std::int64_t>::min() / width;
    return bucket < lowest ? EventTime::min() : EventTime{bucket * width};
  }

  std::vector<typename Tables::Table*> found_;
  std::int64_t found_first_ = 0;
  std::int64_t found_last_ = 0;
  std::uint64_t found_version_ = ~std::uint64_t{0};
};

/// Joins rows of a key whose times lie within bounds of each other. What it emits, keeps and promises: IntervalJoin, in interval_join.hpp.
///
/// State: both sides' rows by key in tables for buckets of time, half as wide as the interval, so that a row looks into three or four. Of
/// outer sides the rows without partner of the one bucket whose time is up are held in memory, in the order in which they fall due.
template <class Key, class LeftRow, class RightRow, class Out, class Function, JoinKind kKind>
class IntervalJoinOperator final : public Operator {
 public:
  using Left = IntervalJoinSide<true, Key, LeftRow, keeps_left(kKind)>;
  using Right = IntervalJoinSide<false, Key, RightRow, keeps_right(kKind)>;

  IntervalJoinOperator(OperatorContext context, Duration lower, Duration upper, Function function)
      : states_(context),
        progress_(states_.key_groups(), context.max_parallelism, {}),
        left_(context, states_, "left rows", 1, lower, upper, bucket_width(lower, upper)),
        right_(context, states_, "right rows", 2, -upper, -lower, bucket_width(lower, upper)),
        results_(context, std::move(function)) {
    for (const std::string& directory : restore_progress(progress_, states_)) {
      StateReader in(directory);
      left_.tables.read(in);
      right_.tables.read(in);
    }
    left_.tables.open([this](EventTime time) { return left_.bucket_of(time); });
    right_.tables.open([this](EventTime time) { return right_.bucket_of(time); });
    passed_ = progress_.watermark();
    states_.settle();
  }

  void process(std::uint32_t input, const Batch& batch) override {
    if (input == 0) take_all(left_, right_, left_matches_, batch);
    else take_all(right_, left_, right_matches_, batch);
    end_of_call();
  }

  bool advance_watermark(EventTime watermark) override {
    if (!is_end_of_input(watermark)) {
      progress_.advance(watermark);
    } else if (std::exchange(ended_by_, watermark) != watermark) {
      states_.note_end();
      progress_.advance(std::max(last_decided(left_), last_decided(right_)));
    }
    const bool done = leave_behind(left_) && leave_behind(right_);
    if (done) {
      passed_ = progress_.watermark();
      progress_.settle();
    }
    end_of_call();
    return done;
  }

  void snapshot(SnapshotWriter& writer) override {
    std::string directory;
    left_.tables.encode(directory);
    right_.tables.encode(directory);
    states_.seal(writer, progress_.watermark(), progress_.encode(directory));
  }

  /// Half the interval, and no less than 100 ms: what is kept too long is little, and tables are few.
  static Duration bucket_width(Duration lower, Duration upper) {
    return std::max(Duration{100}, Duration{upper.count() / 2 - lower.count() / 2});
  }

 private:
  static constexpr std::size_t kLookAhead = 32;

  /// A partner, while its text lies in a table.
  template <class Side>
  struct Match {
    typename Side::RowType row;
    EventTime time;
    typename Side::Tables::Table* table;
    std::uint32_t place;
    bool matched;
  };

  template <class Own, class Other>
  void take_all(Own& own, Other& other, std::vector<Match<Other>>& matches, const Batch& batch) {
    const auto& rows = static_cast<const RowBatch<Keyed<Key, typename Own::RowType>>&>(batch);
    for (std::size_t begin = 0; begin < rows.size(); begin += kLookAhead) {
      const std::size_t end = std::min(rows.size(), begin + kLookAhead);
      for (std::size_t i = begin; i < end; ++i) {
        const EventTime time = rows.time(i);
        if (!over(own, rows[i].hash, time)) own.tables.at(own.bucket_of(time)).prefetch(rows[i].hash);
        for (auto* table : partners_tables(own, other, rows[i].hash, time)) table->prefetch(rows[i].hash);
      }
      for (std::size_t i = begin; i < end; ++i) take(own, other, matches, rows[i], rows.time(i));
    }
  }

  /// No partner can come any more for a row of this time.
  template <class Own>
  bool over(const Own& own, std::uint64_t hash, EventTime time) const {
    return own.decided_at(time) <= watermark_of(hash);
  }
  EventTime watermark_of(std::uint64_t hash) const {
    return progress_.uneven() ? progress_.watermark_of(hash) : progress_.watermark();
  }
  /// Partners of rows behind the watermark are those of the moment after it: what is older may be gone already.
  template <class Own>
  std::pair<EventTime, EventTime> partners_of(const Own& own, std::uint64_t hash, EventTime time) const {
    const EventTime on_time = std::max(time, saturating_add(watermark_of(hash), Duration{1}));
    return {shifted(on_time, own.lower), shifted(time, own.upper)};
  }
  template <class Own, class Other>
  const std::vector<typename Other::Tables::Table*>& partners_tables(const Own& own, Other& other,
                                                                     std::uint64_t hash, EventTime time) {
    static const std::vector<typename Other::Tables::Table*> kNone;
    const auto [from, to] = partners_of(own, hash, time);
    return from <= to ? other.tables_between(from, to) : kNone;
  }

  template <class Own, class Other, class In>
  void take(Own& own, Other& other, std::vector<Match<Other>>& matches, const In& in, EventTime time) {
    find(own, other, matches, in, time);
    for (const auto& match : matches) {
      const EventTime both = std::max(time, match.time);
      if constexpr (Own::kLeft) results_.emit(&in.value, &match.row, both);
      else results_.emit(&match.row, &in.value, both);
    }
    if constexpr (Other::kKeeps) mark(matches, in);
    if (!over(own, in.hash, time)) keep(own, in, time, !matches.empty());
    else if (matches.empty()) take_alone(own, in, time);
  }

  template <class Own, class Other, class In>
  void find(const Own& own, Other& other, std::vector<Match<Other>>& matches, const In& in, EventTime time) {
    matches.clear();
    const auto [from, to] = partners_of(own, in.hash, time);
    for (auto* table : partners_tables(own, other, in.hash, time)) {
      const auto* rows = table->find(in.hash, in.key);
      if (!rows) continue;
      rows->for_each(
          [&, first = from, last = to](const auto& row, EventTime t, std::uint32_t place, bool matched) {
            if (t >= first && t <= last) matches.push_back({row, t, table, place, matched});
          });
    }
    order_by_time(matches);
  }
  /// Matches of a table lie side by side.
  template <class Matches, class In>
  void mark(const Matches& matches, const In& in) {
    for (std::size_t i = 0; i < matches.size(); ++i) {
      if (matches[i].matched) continue;
      auto* rows = matches[i].table->edit_if(in.hash, in.key);
      for (const auto* table = matches[i].table; i < matches.size() && matches[i].table == table; ++i)
        if (!matches[i].matched) rows->mark(matches[i].place);
      --i;
    }
  }
  template <class Own, class In>
  void keep(Own& own, const In& in, EventTime time, bool matched) {
    const std::int64_t bucket = own.bucket_of(time);
    auto& table = own.tables.at(bucket);
    if constexpr (Own::kKeeps) {
      if (!matched && bucket <= own.looked_through) {
        auto& rows = table.edit(in.hash, in.key);
        fall_due(own, in.hash, in.key, in.value, time, rows.size());
        rows.append(in.value, time, false);
        return;
      }
    }
    table.edit_unread(in.hash, in.key).append(in.value, time, matched);
  }
  /// A row that is not kept and has no partner.
  template <class Own, class In>
  void take_alone(Own& own, const In& in, EventTime time) {
    if (time <= watermark_of(in.hash)) own.late.take(in.value, time);
    else if constexpr (Own::kKeeps) emit_alone(own, in.value, time);
  }

  template <class Own>
  void fall_due(Own& own, std::uint64_t hash, Key key, typename Own::RowType row, EventTime time,
                std::uint32_t place) {
    if constexpr (kHoldsViews<Key>) own_text(key, own.due.arena());
    if constexpr (kHoldsViews<typename Own::RowType>) own_text(row, own.due.arena());
    own.due.push(own.decided_at(time), {hash, std::move(key), std::move(row), time, place});
  }

  /// Emits and drops what no partner can come for any more. False: there is more.
  template <class Own>
  bool leave_behind(Own& own) {
    if constexpr (Own::kKeeps) {
      for (;;) {
        if (!emit_due(own)) return false;
        const auto& all = own.tables.all();
        const auto next = all.upper_bound(own.looked_through);
        if (next == all.end() || own.first_decided(next->first) > progress_.watermark()) break;
        look_through(own, next->first, *next->second);
      }
    }
    while (!own.tables.all().empty() &&
           own.last_decided(own.tables.all().begin()->first) <= progress_.watermark())
      own.tables.drop(own.tables.all().begin()->first);
    return true;
  }
  /// When the last row of an outer side is decided: at the end of the input. Of a side that is not, nothing comes out by itself.
  template <class Own>
  EventTime last_decided(Own& own) const {
    EventTime last = EventTime::min();
    if constexpr (Own::kKeeps) {
      if (own.tables.all().empty()) return last;
      auto& table = *own.tables.all().rbegin()->second;
      table.pin();
      table.for_each([&](const Key&, const auto& rows) {
        rows.for_each(
            [&](const auto&, EventTime time, auto, bool) { last = std::max(last, own.decided_at(time)); });
      });
    }
    return last;
  }
  template <class Own>
  bool emit_due(Own& own) {
    for (;;) {
      if (results_.emitted() >= kEmitAtMost) return false;
      const std::size_t due = own.due.peek(
          progress_.watermark(), kEmitAtMost - results_.emitted(), [&](const auto& row, EventTime) {
            auto* table = own.tables.find(own.bucket_of(row.time));
            const auto* rows = table ? table->find(row.hash, row.key) : nullptr;
            if (!rows || !rows->has_mark(row.place)) emit_alone(own, row.row, row.time);
          });
      if (due == 0) return true;
      own.due.pop(due);
    }
  }
  /// Its rows without partner fall due, but for those that had done so before a restart.
  template <class Own>
  void look_through(Own& own, std::int64_t bucket, typename Own::Tables::Table& table) {
    own.looked_through = bucket;
    table.pin();
    table.for_each([&](const Key& key, const auto& rows) {
      const std::uint64_t hash = hash_key(key);
      rows.for_each([&](const auto& row, EventTime time, std::uint32_t place, bool matched) {
        const EventTime decided = own.decided_at(time);
        if (!matched && decided > passed_ && !progress_.fired_before(hash, decided))
          fall_due(own, hash, key, row, time, place);
      });
    });
  }

  template <class Own>
  void emit_alone(const Own& own, const typename Own::RowType& row, EventTime time) {
    if constexpr (Own::kLeft) results_.emit(&row, nullptr, own.emission_time(time));
    else results_.emit(nullptr, &row, own.emission_time(time));
  }

  void end_of_call() {
    results_.end_of_call();
    left_.end_of_call();
    right_.end_of_call();
    states_.settle();
  }

  OperatorStates states_;
  WindowProgress progress_;
  EventTime passed_;                       ///< the watermark of the last advance that is done
  EventTime ended_by_ = EventTime::min();  ///< the watermark that said so, once the inputs have ended
  Left left_;
  Right right_;
  JoinResults<LeftRow, RightRow, Out, Function, kKind == JoinKind::kInner> results_;
  std::vector<Match<Right>> left_matches_;
  std::vector<Match<Left>> right_matches_;
};

}  // namespace weir::detail
