#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/operators/chain.hpp>
#include <weir/operators/join.hpp>
#include <weir/operators/join_rows.hpp>
#include <weir/operators/span_tables.hpp>
#include <weir/operators/window_plan.hpp>
#include <weir/operators/window_progress.hpp>

namespace weir::detail {

/// The rows of one side of a window join: by key in a table for each slice, numbered by its end.
template <class Key, class Row>
struct WindowJoinSide {
  using Rows = JoinRows<Row, false>;
  using Tables = SpanTables<Key, Rows>;
  using Table = typename Tables::Table;

  WindowJoinSide(OperatorContext& context, OperatorStates& states, const char* name, std::size_t late_port,
                 const std::string& layout)
      : tables(states, name, layout), late(context, late_port) {}

  /// Those of a window that is being joined.
  void enter(const Window& window) {
    of_window.clear();
    const auto& all = tables.all();
    for (auto it = all.upper_bound(window.start.millis); it != all.end() && it->first <= window.end.millis;
         ++it) {
      it->second->pin();
      of_window.push_back(it->second.get());
    }
  }
  /// The key's rows in the slices of the window from the `first` on.
  void gather(std::size_t first, std::uint64_t hash, const Key& key) {
    rows.clear();
    for (std::size_t i = first; i < of_window.size(); ++i)
      if (const Rows* found = of_window[i]->find(hash, key))
        found->for_each([&](const Row& row, EventTime time, std::uint32_t, bool) {
          rows.push_back({row, time});
        });
    order_by_time(rows);
  }
  bool has_before(std::size_t slice, std::uint64_t hash, const Key& key) const {
    for (std::size_t i = 0; i < slice; ++i)
      if (of_window[i]->find(hash, key)) return true;
    return false;
  }
  void prefetch(std::uint64_t hash) const {
    for (const Table* table : of_window) table->prefetch(hash);
  }

  Tables tables;
  LateRows<Row> late;
  /// The slice that a row went to last, empty at first.
  Window current{EventTime::max(), EventTime::min()};
  bool current_is_covered = false;
  EventTime current_last_end;
  std::vector<Table*> of_window;
  std::vector<TimedRow<Row>> rows;  ///< of the key that is being joined, while their text lies in tables
};

/// Joins the rows of a key in the same window. What it emits, keeps and promises: WindowJoin, in window_join.hpp.
///
/// State: both sides' rows by key in tables for slices of windows. A window is joined when the watermark reaches its last moment: first the
/// keys of the left side, slice by slice, then, where they are wanted, those that only the right side has.
template <class Key, class LeftRow, class RightRow, class Out, class Function, JoinKind kKind>
class WindowJoinOperator final : public Operator {
 public:
  using Left = WindowJoinSide<Key, LeftRow>;
  using Right = WindowJoinSide<Key, RightRow>;

  WindowJoinOperator(OperatorContext context, WindowPlan plan, Function function)
      : plan_(std::move(plan)),
        states_(context),
        progress_(states_.key_groups(), context.max_parallelism, {}),
        left_(context, states_, "left rows", 1, layout(plan_)),
        right_(context, states_, "right rows", 2, layout(plan_)),
        results_(context, std::move(function)) {
    const auto slice_end = [this](EventTime time) { return plan_.slice_of(time).end.millis; };
    for (const std::string& directory : restore_progress(progress_, states_)) {
      StateReader in(directory);
      left_.tables.read(in);
      right_.tables.read(in);
    }
    left_.tables.open(slice_end);
    right_.tables.open(slice_end);
    fired_until_ = after(progress_.watermark());
    states_.settle();
  }

  void process(std::uint32_t input, const Batch& batch) override {
    if (input == 0) take_all<LeftRow>(left_, batch);
    else take_all<RightRow>(right_, batch);
    end_of_call();
  }

  bool advance_watermark(EventTime watermark) override {
    if (!is_end_of_input(watermark)) {
      progress_.advance(watermark);
    } else if (std::exchange(ended_by_, watermark) != watermark) {
      states_.note_end();
      progress_.advance(std::max(last_moment(left_), last_moment(right_)));
    }
    const bool done = fire_ripe();
    if (done) {
      fired_until_ = std::max(fired_until_, after(progress_.watermark()));
      drop_until(fired_until_);
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

 private:
  static constexpr std::size_t kLookAhead = 32;
  static constexpr std::size_t kSlots = 64;  ///< of a table that are looked at a time when a window is joined

  static std::string layout(const WindowPlan& plan) {
    return plan.description() + " + " + std::to_string(plan.offset.count()) + " ms";
  }
  static EventTime after(EventTime watermark) { return saturating_add(watermark, Duration{1}); }

  template <class Row, class Side>
  void take_all(Side& side, const Batch& batch) {
    const auto& rows = static_cast<const RowBatch<Keyed<Key, Row>>&>(batch);
    for (std::size_t begin = 0; begin < rows.size(); begin += kLookAhead) {
      const std::size_t end = std::min(rows.size(), begin + kLookAhead);
      if (const auto* table = side.tables.find(side.current.end.millis))
        for (std::size_t i = begin; i < end; ++i) table->prefetch(rows[i].hash);
      for (std::size_t i = begin; i < end; ++i) take(side, rows[i], rows.time(i));
    }
  }
  template <class Side, class In>
  void take(Side& side, const In& in, EventTime time) {
    if (time < side.current.start || time >= side.current.end) {
      side.current = plan_.slice_of(time);
      side.current_is_covered = plan_.covered(side.current);
      if (side.current_is_covered) side.current_last_end = plan_.last_end(side.current);
    }
    if (!side.current_is_covered) return;
    if (over(side.current_last_end, in.hash)) side.late.take(in.value, time);
    else side.tables.at(side.current.end.millis).edit_unread(in.hash, in.key).append(in.value, time);
  }
  bool over(EventTime end, std::uint64_t hash) const {
    const EventTime last{end.millis - 1};
    return last <= progress_.watermark() || progress_.fired_before(hash, last);
  }

  /// Joins every window whose last moment has been reached. False: there is more.
  bool fire_ripe() {
    for (;;) {
      if (!firing_) {
        firing_ = next_window();
        if (!firing_) return true;
        left_.enter(*firing_);
        right_.enter(*firing_);
        walk(false);
      }
      if (!fire()) return false;
      fired_until_ = firing_->end;
      firing_.reset();
      drop_until(fired_until_);
    }
  }
  /// The first window with rows that has not been joined and is ripe.
  std::optional<Window> next_window() const {
    for (EventTime after_end = fired_until_;;) {
      const std::int64_t slice = std::min(first_slice(left_, after_end), first_slice(right_, after_end));
      if (slice == EventTime::max().millis && !has_slice(slice)) return std::nullopt;
      const Window first = plan_.slice_of(EventTime{slice - 1});
      const EventTime end = std::max(plan_.first_end(first), plan_.next_end(after_end));
      if (end.millis - 1 > progress_.watermark().millis || end <= after_end) return std::nullopt;
      if (plan_.start_of(end) < first.end) return Window{plan_.start_of(end), end};
      after_end = end;
    }
  }
  /// Of the last window that has rows.
  template <class Side>
  EventTime last_moment(const Side& side) const {
    if (side.tables.all().empty()) return EventTime::min();
    const EventTime slice{side.tables.all().rbegin()->first};
    return EventTime{plan_.last_end(plan_.slice_of(EventTime{slice.millis - 1})).millis - 1};
  }
  template <class Side>
  std::int64_t first_slice(const Side& side, EventTime after_end) const {
    for (const auto& [end, table] : side.tables.all())
      if (plan_.last_end(plan_.slice_of(EventTime{end - 1})) > after_end) return end;
    return EventTime::max().millis;
  }
  bool has_slice(std::int64_t end) const { return left_.tables.find(end) || right_.tables.find(end); }
  void drop_until(EventTime end) {
    drop_until(left_, end);
    drop_until(right_, end);
  }
  template <class Side>
  void drop_until(Side& side, EventTime end) {
    for (const auto& all = side.tables.all(); !all.empty();) {
      const std::int64_t slice = all.begin()->first;
      if (plan_.last_end(plan_.slice_of(EventTime{slice - 1})) > end) return;
      side.tables.drop(slice);
    }
  }

  /// Begins with the first key of a side.
  void walk(bool of_right) {
    place_ = {};
    place_.of_right = of_right;
    left_.rows.clear();
    right_.rows.clear();
  }
  /// Goes on with the window. False: there is more.
  bool fire() {
    for (;;) {
      if (!emit_pairs()) return false;
      if (place_.key < place_.keys.size()) {
        begin_key(place_.keys[place_.key++]);
        continue;
      }
      if (place_.of_right ? !next_keys(right_) : !next_keys(left_)) {
        if (place_.of_right || !keeps_right(kKind)) return true;
        walk(true);
      }
    }
  }
  /// The next keys of a side, from the first slice that they are in. False: there are none.
  template <class Side>
  bool next_keys(const Side& side) {
    place_.keys.clear();
    place_.key = 0;
    while (place_.keys.empty()) {
      if (place_.slice == side.of_window.size()) return false;
      place_.keys_slice = place_.slice;
      const bool through = side.of_window[place_.slice]->for_each_from(
          place_.slot, kSlots, [this](const Key& key, const auto&) {
            place_.keys.push_back({hash_key(key), key});
          });
      if (through) ++place_.slice;
    }
    for (const auto& [hash, key] : place_.keys) {
      left_.prefetch(hash);
      right_.prefetch(hash);
    }
    return true;
  }
  void begin_key(const std::pair<std::uint64_t, Key>& hash_and_key) {
    const auto& [hash, key] = hash_and_key;
    const EventTime last{firing_->end.millis - 1};
    place_.left = place_.right = 0;
    left_.rows.clear();
    right_.rows.clear();
    if (progress_.fired_before(hash, last)) return;
    if (place_.of_right) {
      if (right_.has_before(place_.keys_slice, hash, key) ||
          left_.has_before(left_.of_window.size(), hash, key))
        return;
      right_.gather(place_.keys_slice, hash, key);
    } else {
      if (left_.has_before(place_.keys_slice, hash, key)) return;
      right_.gather(0, hash, key);
      if (!right_.rows.empty() || keeps_left(kKind)) left_.gather(place_.keys_slice, hash, key);
      else right_.rows.clear();
    }
  }
  /// Emits what is left of the key's pairs, or of its rows without partner. False: there is more.
  bool emit_pairs() {
    const EventTime time{firing_->end.millis - 1};
    if (left_.rows.empty() || right_.rows.empty()) return emit_alone(time);
    for (; place_.left < left_.rows.size(); ++place_.left, place_.right = 0)
      for (; place_.right < right_.rows.size(); ++place_.right) {
        if (results_.emitted() >= kEmitAtMost) return false;
        results_.emit(&left_.rows[place_.left].row, &right_.rows[place_.right].row, time);
      }
    return true;
  }
  bool emit_alone(EventTime time) {
    if constexpr (keeps_left(kKind))
      for (; place_.left < left_.rows.size(); ++place_.left) {
        if (results_.emitted() >= kEmitAtMost) return false;
        results_.emit(&left_.rows[place_.left].row, nullptr, time);
      }
    if constexpr (keeps_right(kKind))
      for (; place_.right < right_.rows.size(); ++place_.right) {
        if (results_.emitted() >= kEmitAtMost) return false;
        results_.emit(nullptr, &right_.rows[place_.right].row, time);
      }
    return true;
  }

  void end_of_call() {
    results_.end_of_call();
    left_.late.flush();
    right_.late.flush();
    states_.settle();
  }

  /// How far the window that is being joined has come. Calls in between change no table.
  struct Place {
    bool of_right = false;  ///< at the keys that only the right side has
    std::size_t slice = 0;
    TableCursor slot;
    std::vector<std::pair<std::uint64_t, Key>> keys;
    std::size_t keys_slice = 0;  ///< that the keys are of
    std::size_t key = 0;
    std::size_t left = 0;  ///< of the key's rows
    std::size_t right = 0;
  };

  const WindowPlan plan_;
  OperatorStates states_;
  WindowProgress progress_;
  Left left_;
  Right right_;
  JoinResults<LeftRow, RightRow, Out, Function, kKind == JoinKind::kInner> results_;
  EventTime fired_until_;                  ///< windows that end by then have been joined
  EventTime ended_by_ = EventTime::min();  ///< the watermark that said so, once the inputs have ended
  std::optional<Window> firing_;
  Place place_;
};

}  // namespace weir::detail
