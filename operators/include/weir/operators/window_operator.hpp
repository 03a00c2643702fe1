#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/environment.hpp>
#include <weir/core/failed_at.hpp>
#include <weir/core/operator.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/operators/chain.hpp>
#include <weir/operators/early_firing.hpp>
#include <weir/operators/late_rows.hpp>
#include <weir/operators/window.hpp>
#include <weir/operators/window_firing.hpp>
#include <weir/operators/window_slices.hpp>

namespace weir {

/// Aggregates keyed rows in aligned windows. Port 0: results, with the window's last millisecond as their time. Port 1, where
/// `Intake` keeps whole rows: rows that were too late.
///
/// State: one accumulator a key and slice, from the key's first row until the watermark passes the end of the last window that
/// contains the slice, plus the allowed lateness. After a restart windows go on where the checkpoint left them; none fires twice,
/// none is lost.
///
/// `In` is Keyed<Key, Value>; `Intake` says how its value gets into an accumulator.
template <class In, class A, class Intake, bool kEarly>
class AlignedWindowOperator final : public Operator {
 public:
  using Key = typename In::Key;
  using Slices = WindowSlices<Key, A, kEarly>;
  using Accumulator = typename Slices::Accumulator;
  using Out = typename Slices::Out;
  using LateRow = typename Intake::LateRow;
  static_assert(detail::owns_text<Accumulator>(),
                "weir: an accumulator outlives its rows; let it own its text (std::string)");

  AlignedWindowOperator(OperatorContext context, WindowPlan plan, A aggregate, Intake intake)
      : intake_(std::move(intake)),
        environment_(context.environment),
        slices_(context, std::move(plan), std::move(aggregate)),
        late_(context, 1),
        firing_(slices_, *context.state),
        early_(slices_) {}

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<In>&>(batch);
    const In* row = rows.data();
    const EventTime* time = rows.times().data();
    const std::size_t n = rows.size();
    for (std::size_t begin = 0; begin < n; begin += kLookAhead) {
      const std::size_t end = std::min(n, begin + kLookAhead);
      // Fetches the cache lines of the next rows while those before are worked on.
      if (current_)
        for (std::size_t i = begin; i < end; ++i) current_->table.prefetch(row[i].hash);
      for_each_row(begin, end, [&](std::size_t i) { add(row[i], time[i]); });
    }
    slices_.results.flush();
    late_.flush();
    if constexpr (kEarly) set_due();
    slices_.panes.spill_excess(firing_.fired_end());
  }

  bool advance_watermark(EventTime watermark) override {
    WindowProgress& progress = slices_.progress;
    if constexpr (kEarly) early_due_ = early_due_ || passes_early(progress.watermark(), watermark);
    ended_ = is_end_of_input(watermark);
    progress.advance(ended_ ? slices_.last_moment() : watermark);
    slices_.emitted = 0;
    const bool done = firing_.run() && (!early_due_ || fire_early());
    if (done) {
      early_due_ = false;
      progress.settle();
      drop_expired();
      slices_.panes.spill_excess(firing_.fired_end());
      current_ = nullptr;
    }
    slices_.results.flush();
    return done;
  }

  EventTime next_processing_time() const override { return slices_.progress.due; }
  bool advance_processing_time(EventTime now) override {
    if (now < slices_.progress.due) return true;
    slices_.emitted = 0;
    const bool done = fire_early();
    if (done) slices_.progress.due = EventTime::max();
    slices_.results.flush();
    return done;
  }

  void snapshot(SnapshotWriter& writer) override {
    std::string directory;
    auto sealed = slices_.panes.seal(directory);
    writer.keyed(std::move(sealed));
    writer.operator_state(slices_.progress.encode(directory));
    if (ended_) writer.ended_at(slices_.progress.watermark());
  }

 private:
  static constexpr std::size_t kLookAhead = 32;
  using Value = typename Slices::Value;

  const WindowPlan& plan() const { return slices_.plan; }

  void add(const In& row, EventTime time) {
    if (!current_ || time < slice_.start || time >= slice_.end) [[unlikely]] {
      if (!enter(row, time)) return;
    }
    if (passed_) [[unlikely]]
      return add_late(row, time);
    put(row.hash, row.key, [&](Accumulator& accumulator) {
      intake_.add(slices_.aggregate, accumulator, row.value, arrival(time));
    });
  }

  /// Makes the slice of `time` the current one. False: the row goes nowhere.
  bool enter(const In& row, EventTime time) {
    const Window slice = plan().slice_of(time);
    if (!plan().covered(slice)) return false;
    const EventTime last = plan().last_end(slice);
    if (expired(last, slices_.progress.watermark())) {
      reject(row, time);
      return false;
    }
    slice_ = slice;
    last_end_ = last;
    current_ = &slices_.panes.pane(slice.end);
    passed_ = slices_.progress.uneven() || plan().first_end(slice) <= firing_.fired_end();
    return true;
  }
  bool expired(EventTime end, EventTime watermark) const {
    return saturating_add(EventTime{end.millis - 1}, plan().lateness) <= watermark;
  }

  template <class Add>
  void put(std::uint64_t hash, const Key& key, Add&& add) {
    Value& value = slices_.panes.upsert(*current_, hash, key, Value{}).first;
    Accumulator& accumulator = Slices::accumulator_of(value);
    if constexpr (std::is_trivially_copyable_v<Accumulator>) {
      add(accumulator);
    } else {
      const std::size_t before = heap_bytes(accumulator);
      add(accumulator);
      const std::size_t after = heap_bytes(accumulator);
      if (after != before)
        slices_.panes.grew(*current_,
                           static_cast<std::ptrdiff_t>(after) - static_cast<std::ptrdiff_t>(before));
    }
    if constexpr (kEarly) {
      value.round = slices_.progress.round;
      changed_ = true;
    }
  }

  Arrival arrival(EventTime time) {
    if constexpr (Intake::kWantsArrival) return {time, slices_.progress.sequence++};
    else return {time, 0};
  }

  /// Some window of the slice has fired, or, after some restores, may have: what the row changes is emitted at once.
  void add_late(const In& row, EventTime time) {
    const EventTime watermark = slices_.progress.watermark_of(row.hash);
    if (expired(last_end_, watermark)) return reject(row, time);
    Accumulator delta{};
    intake_.add(slices_.aggregate, delta, row.value, arrival(time));
    const bool open = EventTime{last_end_.millis - 1} > watermark;
    if (open || !plan().purging) {
      const bool first = firing_.counts(slice_.end) && !has(row.hash, row.key);
      put(row.hash, row.key, [&](Accumulator& accumulator) { slices_.aggregate.merge(accumulator, delta); });
      firing_.more(slice_.end, row.hash, row.key, delta, first);
    }
    fire_again(row, watermark, delta);
  }
  bool has(std::uint64_t hash, const Key& key) const {
    bool any = false;
    slices_.panes.parts(*current_, hash, key, [&](const Value&) { any = true; });
    return any;
  }
  /// The windows of the slice that have fired and still may.
  void fire_again(const In& row, EventTime watermark, const Accumulator& delta) {
    const EventTime kept = saturating_add(saturating_sub(watermark, plan().lateness), Duration{1});
    const EventTime first = std::max(plan().first_end(slice_), plan().next_end(kept));
    const EventTime last = std::min(last_end_, saturating_add(watermark, Duration{1}));
    if (first > last) return;
    if (!plan().purging) {
      slices_.emit_windows(row.hash, row.key, first, last, PaneKind::kLate, {}, ~std::size_t{0});
      return;
    }
    for (EventTime end = first, before = EventTime::min(); end <= last && end > before;
         before = std::exchange(end, plan().next_end(end)))
      slices_.emit(row.key, {plan().start_of(end), end}, PaneKind::kLate, delta);
  }

  void reject(const In& row, EventTime time) {
    if constexpr (Intake::kKeepsRows) late_.take(row.value, time);
    else late_.count();
  }

  bool passes_early(EventTime from, EventTime to) const {
    const std::int64_t interval = plan().early_event.count();
    if (interval == 0 || to == EventTime::max() || to <= from) return false;
    const auto multiple = [&](EventTime t) {
      const std::int64_t reached = saturating_add(t, Duration{1}).millis;
      return reached / interval - (reached % interval < 0);
    };
    return multiple(to) > multiple(from);
  }
  bool fire_early() {
    if constexpr (kEarly) {
      if (changed_ && !early_.run(firing_.fired_end())) return false;
      changed_ = false;
      if (plan().purging) drop_all();
    }
    return true;
  }
  /// After a change, early firing by processing time is due at the next multiple of its interval.
  void set_due() {
    const std::int64_t interval = plan().early_processing.count();
    if (interval == 0 || !changed_ || slices_.progress.due != EventTime::max()) return;
    slices_.progress.due = {(environment_->wall_clock().millis / interval + 1) * interval};
  }

  void drop_expired() {
    const auto& panes = slices_.panes.panes();
    while (!panes.empty()) {
      const EventTime end = panes.begin()->first;
      const EventTime last = plan().last_end(slices_.slice_ending_at(end));
      // What has been purged is not needed for late rows.
      const bool gone = plan().purging ? last <= firing_.fired_end() && !slices_.progress.uneven()
                                       : expired(last, slices_.progress.watermark());
      if (!gone) return;
      slices_.panes.drop(end);
      current_ = nullptr;
    }
  }
  void drop_all() {
    const auto& panes = slices_.panes.panes();
    while (!panes.empty()) slices_.panes.drop(panes.begin()->first);
    current_ = nullptr;
    firing_.forget();
  }

  const Intake intake_;
  Environment* environment_;
  Slices slices_;
  detail::LateRows<LateRow> late_;
  WindowFiring<Slices> firing_;
  struct NeverEarly {
    explicit NeverEarly(Slices&) {}
  };
  [[no_unique_address]] std::conditional_t<kEarly, EarlyFiring<Slices>, NeverEarly> early_;
  bool early_due_ = false;
  bool ended_ = false;   ///< the inputs have
  bool changed_ = true;  ///< in this round; after a restore nobody knows

  typename Slices::PaneType* current_ = nullptr;  ///< of slice_
  Window slice_{};
  EventTime last_end_;   ///< of the last window of slice_
  bool passed_ = false;  ///< a window of slice_ has fired
};

}  // namespace weir
