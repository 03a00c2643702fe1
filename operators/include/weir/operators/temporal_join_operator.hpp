#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/operators/chain.hpp>
#include <weir/operators/due_rows.hpp>
#include <weir/operators/join.hpp>
#include <weir/operators/join_rows.hpp>
#include <weir/operators/row_versions.hpp>
#include <weir/operators/span_tables.hpp>
#include <weir/operators/window_progress.hpp>

namespace weir::detail {

/// Joins each left row with the right row of its key that held at its time. What it emits, keeps and promises: AsOfJoin, in temporal_join.hpp.
///
/// State: versions by key. Left rows wait by key in tables for seconds of their time; those of the second that the watermark is in wait
/// in memory by the moment they are due at, and go to a table of their own only to be in a snapshot. Which keys were deleted is noted by
/// the second, too, so that they are forgotten when the watermark has passed it.
template <class Key, class LeftRow, class RightRow, class Out, class Function, class IsDeleted,
          JoinKind kKind>
class AsOfJoinOperator final : public Operator {
 public:
  using Versions = RowVersions<RightRow>;
  using Waiting = JoinRows<LeftRow, false>;

  AsOfJoinOperator(OperatorContext context, Function function, IsDeleted is_deleted)
      : is_deleted_(std::move(is_deleted)),
        states_(context),
        progress_(states_.key_groups(), context.max_parallelism, {}),
        versions_(states_, "versions"),
        waiting_(states_, "waiting rows", kLayout),
        deletions_(states_, "deletions", kLayout),
        due_at_snapshot_(states_, "due rows"),
        due_(states_.store()),
        results_(context, std::move(function)),
        late_left_(context, 1),
        late_right_(context, 2) {
    for (const std::string& directory : restore_progress(progress_, states_)) {
      StateReader in(directory);
      waiting_.read(in);
      deletions_.read(in);
    }
    waiting_.open(second_of);
    deletions_.open(second_of);
    due_second_ = due_second();
    become_due(due_at_snapshot_);
    end_of_call();
  }

  void process(std::uint32_t input, const Batch& batch) override {
    if (input == 0) {
      const auto& rows = static_cast<const RowBatch<Keyed<Key, LeftRow>>&>(batch);
      for (std::size_t i = 0; i < rows.size(); ++i) wait(rows[i], rows.time(i));
    } else {
      const auto& rows = static_cast<const RowBatch<Keyed<Key, RightRow>>&>(batch);
      versions_.fetch(rows.rows());
      for (std::size_t i = 0; i < rows.size(); ++i) change(rows[i], rows.time(i));
    }
    end_of_call();
  }

  bool advance_watermark(EventTime watermark) override {
    if (!is_end_of_input(watermark)) {
      progress_.advance(watermark);
    } else if (std::exchange(ended_by_, watermark) != watermark) {
      states_.note_end();
      progress_.advance(last_waiting());
    }
    const bool done = join_due();
    if (done) {
      forget_deleted();
      progress_.settle();
    }
    end_of_call();
    return done;
  }

  void snapshot(SnapshotWriter& writer) override {
    due_.for_each([&](const Left& left, EventTime time) {
      due_at_snapshot_.edit(left.hash, left.key).append(left.row, time);
    });
    std::string directory;
    waiting_.encode(directory);
    deletions_.encode(directory);
    states_.seal(writer, progress_.watermark(), progress_.encode(directory));
    due_at_snapshot_.drop();
    states_.settle();
  }

 private:
  struct Left {
    std::uint64_t hash;
    Key key;
    LeftRow row;
  };
  /// A row that is being joined.
  struct Due {
    std::uint64_t hash;
    const Key& key;
    const LeftRow& row;
    EventTime time;
  };
  static constexpr const char* kLayout = "1024 ms";
  static constexpr std::size_t kLookUpAtOnce = 256;

  static std::int64_t second_of(EventTime time) { return time.millis >> 10; }
  EventTime watermark_of(std::uint64_t hash) const {
    return progress_.uneven() ? progress_.watermark_of(hash) : progress_.watermark();
  }
  /// The second that the next rows to be joined are in.
  std::int64_t due_second() const { return second_of(saturating_add(progress_.watermark(), Duration{1})); }

  void wait(const Keyed<Key, LeftRow>& in, EventTime time) {
    if (time <= watermark_of(in.hash)) late_left_.take(in.value, time);
    else if (second_of(time) <= due_second_) become_due(in.hash, in.key, in.value, time);
    else waiting_.at(second_of(time)).edit_unread(in.hash, in.key).append(in.value, time);
  }
  void become_due(std::uint64_t hash, Key key, LeftRow row, EventTime time) {
    if constexpr (kHoldsViews<Key>) own_text(key, due_.arena());
    if constexpr (kHoldsViews<LeftRow>) own_text(row, due_.arena());
    due_.push(time, {hash, std::move(key), std::move(row)});
  }
  /// All rows of a table, which are in memory then and nowhere else.
  void become_due(KeyedTable<Key, Waiting>& table) {
    table.pin();
    table.for_each([&](const Key& key, const Waiting& rows) {
      const std::uint64_t hash = hash_key(key);
      rows.for_each(
          [&](const LeftRow& row, EventTime time, auto, auto) { become_due(hash, key, row, time); });
    });
    table.drop();
  }

  void change(const Keyed<Key, RightRow>& in, EventTime from) {
    const bool deleted = is_deleted_(in.value);
    const EventTime watermark = watermark_of(in.hash);
    Versions& versions = versions_.edit(in.hash, in.key);
    versions.forget(watermark);
    if (!versions.put(in.value, from, deleted, watermark)) late_right_.take(in.value, from);
    if (from <= watermark) versions.forget(watermark);
    if (versions.empty()) versions_.erase(in.hash, in.key);
    else if (deleted && from > watermark) deletions_.at(second_of(from)).edit(in.hash, in.key) = 1;
  }

  /// The time of the last row that waits.
  EventTime last_waiting() {
    EventTime last = EventTime::min();
    due_.for_each([&](const Left&, EventTime time) { last = std::max(last, time); });
    if (waiting_.all().empty()) return last;
    auto& table = *waiting_.all().rbegin()->second;
    table.pin();
    table.for_each([&](const Key&, const Waiting& rows) {
      rows.for_each([&](const LeftRow&, EventTime time, auto, auto) { last = std::max(last, time); });
    });
    return last;
  }
  /// Joins the rows whose time the watermark has reached. False: there is more.
  bool join_due() {
    for (;;) {
      while (!join_some())
        if (results_.emitted() >= kEmitAtMost) return false;
      due_second_ = due_second();
      const auto& all = waiting_.all();
      if (all.empty() || all.begin()->first > due_second_) return true;
      become_due(*all.begin()->second);
      waiting_.drop(all.begin()->first);
    }
  }
  /// True: none was left.
  bool join_some() {
    const std::size_t most = std::min(kLookUpAtOnce, kEmitAtMost - results_.emitted());
    looked_up_.clear();
    const std::size_t some = due_.peek(progress_.watermark(), most, [this](const Left& left, EventTime time) {
      looked_up_.push_back({left.hash, left.key, left.row, time});
    });
    if (some == 0) return true;
    versions_.fetch(looked_up_);
    for (const Due& due : looked_up_) {
      const Versions* versions = versions_.find(due.hash, due.key);
      const RightRow* right = versions ? versions->at(due.time) : nullptr;
      if (right || keeps_left(kKind)) results_.emit(&due.row, right, due.time);
    }
    looked_up_.clear();
    due_.pop(some);
    return false;
  }
  void forget_deleted() {
    const EventTime watermark = progress_.watermark();
    const auto& all = deletions_.all();
    while (!all.empty() && all.begin()->first < second_of(saturating_add(watermark, Duration{1}))) {
      auto& table = *all.begin()->second;
      table.pin();
      table.for_each([&](const Key& key, const std::uint8_t&) {
        const std::uint64_t hash = hash_key(key);
        Versions* versions = versions_.edit_if(hash, key);
        if (!versions) return;
        versions->forget(watermark);
        if (versions->empty()) versions_.erase(hash, key);
      });
      deletions_.drop(all.begin()->first);
    }
  }

  void end_of_call() {
    results_.end_of_call();
    late_left_.flush();
    late_right_.flush();
    due_.settle();
    states_.settle();
  }

  IsDeleted is_deleted_;
  OperatorStates states_;
  WindowProgress progress_;
  KeyedTable<Key, Versions> versions_;
  SpanTables<Key, Waiting> waiting_;
  SpanTables<Key, std::uint8_t> deletions_;
  KeyedTable<Key, Waiting> due_at_snapshot_;
  DueRows<Left> due_;
  std::int64_t due_second_ = std::numeric_limits<std::int64_t>::min();
  EventTime ended_by_ = EventTime::min();  ///< the watermark that said so, once the inputs have ended
  JoinResults<LeftRow, RightRow, Out, Function, kKind == JoinKind::kInner> results_;
  LateRows<LeftRow> late_left_;
  LateRows<RightRow> late_right_;
  std::vector<Due> looked_up_;
};

/// Joins each left row with the right row of its key that came last. What it emits, keeps and promises: LatestJoin, in temporal_join.hpp.
template <class Key, class LeftRow, class RightRow, class Out, class Function, class IsDeleted,
          JoinKind kKind>
class LatestJoinOperator final : public Operator {
 public:
  using Latest = Owned<RightRow>;

  LatestJoinOperator(OperatorContext context, Function function, IsDeleted is_deleted)
      : is_deleted_(std::move(is_deleted)),
        states_(context),
        watermark_(states_.restored_watermark()),
        rows_(states_, "rows"),
        results_(context, std::move(function)) {
    states_.settle();
  }

  void process(std::uint32_t input, const Batch& batch) override {
    if (input == 0) {
      const auto& rows = static_cast<const RowBatch<Keyed<Key, LeftRow>>&>(batch);
      rows_.fetch(rows.rows());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const Latest* right = rows_.find(rows[i].hash, rows[i].key);
        if (right || keeps_left(kKind))
          results_.emit(&rows[i].value, right ? &right->get() : nullptr, rows.time(i));
      }
      results_.end_of_call();
    } else {
      const auto& rows = static_cast<const RowBatch<Keyed<Key, RightRow>>&>(batch);
      rows_.fetch(rows.rows());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (is_deleted_(rows[i].value)) rows_.erase(rows[i].hash, rows[i].key);
        else rows_.edit(rows[i].hash, rows[i].key).set(rows[i].value);
      }
    }
    states_.settle();
  }
  bool advance_watermark(EventTime watermark) override {
    if (!is_end_of_input(watermark)) watermark_ = std::max(watermark_, watermark);
    return true;
  }
  void snapshot(SnapshotWriter& writer) override { states_.seal(writer, watermark_); }

 private:
  IsDeleted is_deleted_;
  OperatorStates states_;
  EventTime watermark_;
  KeyedTable<Key, Latest> rows_;
  JoinResults<LeftRow, RightRow, Out, Function, kKind == JoinKind::kInner> results_;
};

}  // namespace weir::detail
