#pragma once

#include <limits>
#include <memory>
#include <string>
#include <utility>

#include <weir/core/operator.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/operators/chain.hpp>
#include <weir/operators/emitter.hpp>
#include <weir/operators/window.hpp>
#include <weir/state/pane_store.hpp>

namespace weir {

/// Counts rows that come after their window's state is gone.
class LateCounters {
 public:
  LateCounters(const OperatorContext& context, bool side_output);
  void add(std::uint64_t rows) { late_->add(rows); }

 private:
  Counter* late_;
};

/// What a window operator keeps besides its panes' entries: how far it has come, for which key groups, and its pane directory.
/// `watermark (8) · first key group (4) · end of key groups (4) · directory`, little-endian. Kept in manifests.
struct WindowProgress {
  EventTime watermark;
  KeyGroupRange key_groups;
  std::string panes;

  std::string encode() const;
  /// Throws FailJob(kStateUnusable).
  static WindowProgress decode(std::string_view bytes);
};

/// Emits what an aggregate makes of a key's window.
template <class Aggregate, class Key>
struct WindowOutput {
  using Accumulator = typename Aggregate::Accumulator;
  static constexpr bool kWholeRow =
      requires(const Aggregate& a, const Key& key, const Window& w, const Accumulator& acc) {
    a.result(key, w, acc);
  };

  static auto make(const Aggregate& aggregate, const Key& key, const Window& window,
                   const Accumulator& accumulator) {
    if constexpr (kWholeRow) {
      return aggregate.result(key, window, accumulator);
    } else {
      using Value = decltype(aggregate.result(accumulator));
      return WindowResult<Key, Value>{key, window.start, window.end, aggregate.result(accumulator)};
    }
  }
  using Row = decltype(make(std::declval<const Aggregate&>(), std::declval<const Key&>(),
                            std::declval<const Window&>(), std::declval<const Accumulator&>()));
};

/// Aggregates keyed rows in tumbling windows. Port 0: results, with the window's last millisecond as their time. Port 1, where
/// `Lifting` keeps whole rows: rows that were too late.
///
/// State: one accumulator a key and window, from the key's first row until the watermark passes the window's end plus the allowed
/// lateness. After a restart windows go on where the checkpoint left them; none fires twice, none is lost.
///
/// `In` is Keyed<Key, Value>; `Lifting` turns its value into what the aggregate adds: the value itself when it was lifted by the
/// sender, or the aggregate's lift() of a whole row.
template <class In, class Aggregate, class Lifting>
class TumblingWindowOperator final : public Operator {
 public:
  using Key = typename In::Key;
  using Accumulator = typename Aggregate::Accumulator;
  using Output = WindowOutput<Aggregate, Key>;
  using Out = typename Output::Row;
  using LateRow = typename Lifting::LateRow;
  static_assert(!kHoldsViews<Accumulator>,
                "weir: an accumulator outlives its rows; let it own its text (std::string)");

  TumblingWindowOperator(OperatorContext context, TumblingWindows windows, Aggregate aggregate,
                         Lifting lifting)
      : windows_(windows),
        aggregate_(std::move(aggregate)),
        lifting_(std::move(lifting)),
        key_groups_(context.state->key_groups()),
        budget_(context.state->mode() == StateMode::kHeap ? std::numeric_limits<std::size_t>::max()
                                                          : context.state->memory_bytes()),
        panes_(*context.state, context.name, context.max_parallelism, Merge{aggregate_}),
        results_(context, 0),
        late_rows_(context, 1),
        late_(context, late_rows_.has_consumers()) {
    restore(context.restored);
  }

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
      for (std::size_t i = begin; i < end; ++i) add(row[i], time[i]);
    }
    results_.flush();
    late_rows_.flush();
    panes_.spill_beyond(budget_);
  }

  bool advance_watermark(EventTime watermark) override {
    watermark_ = std::max(watermark_, watermark);
    const bool done = fire_ripe();
    if (done) drop_expired();
    results_.flush();
    return done;
  }

  void snapshot(SnapshotWriter& writer) override {
    std::string directory;
    auto sealed = panes_.seal(directory);
    // The pane map is unchanged, but a pane that was half fired must not be taken for unfired: firing never spans a barrier,
    // since advance_watermark() is called until it is done.
    WEIR_ASSERT(cursor_ == 0, "no pane is being fired at a barrier");
    writer.keyed(std::move(sealed));
    writer.operator_state(WindowProgress{watermark_, key_groups_, std::move(directory)}.encode());
  }

 private:
  static constexpr std::size_t kLookAhead = 32;
  using PaneType = Pane<Key, Accumulator>;

  struct Merge {
    Aggregate aggregate;
    void operator()(Accumulator& into, const Accumulator& other) const { aggregate.merge(into, other); }
  };

  /// The watermark comes back too: a row that was too late before the restart must not open its window again after it.
  void restore(const std::vector<std::string>& parts) {
    std::vector<std::string> directories;
    for (const std::string& part : parts) {
      WindowProgress progress = WindowProgress::decode(part);
      if (progress.key_groups.first >= key_groups_.end || key_groups_.first >= progress.key_groups.end)
        continue;
      watermark_ = std::max(watermark_, progress.watermark);
      directories.push_back(std::move(progress.panes));
    }
    panes_.restore(directories);
  }

  void add(const In& row, EventTime time) {
    if (!current_ || time < window_.start || time >= window_.end) {
      if (!enter(time)) {
        reject(row, time);
        return;
      }
    }
    Accumulator& accumulator = panes_.at(*current_, row.hash, row.key, Accumulator{});
    aggregate_.add(accumulator, lifting_(row.value));
    if (current_->fired) emit(row.key, accumulator);
  }

  /// Makes the pane of `time` the current one. False: its state is gone.
  bool enter(EventTime time) {
    const Window window = windows_.window_of(time);
    if (expired(window.end)) return false;
    window_ = window;
    current_ = &panes_.pane(window.end);
    // Within the allowed lateness: a result is about to be corrected, so the whole accumulator is needed.
    if (window.last() <= watermark_ && !current_->fired) current_->fired = true;
    if (current_->fired) panes_.warm(*current_);
    return true;
  }
  bool expired(EventTime end) const {
    return saturating_add(EventTime{end.millis - 1}, windows_.lateness()) <= watermark_;
  }

  void reject(const In& row, EventTime time) {
    late_.add(1);
    if constexpr (Lifting::kKeepsRows) {
      if (!late_rows_.has_consumers()) return;
      // The row's text belongs to the batch that came in; the copy must own its own.
      LateRow copy = row.value;
      own_text(copy, late_rows_.arena());
      late_rows_.emit(std::move(copy), time);
    }
  }

  void emit(const Key& key, const Accumulator& accumulator) {
    Out out = Output::make(aggregate_, key, window_, accumulator);
    if constexpr (kHoldsViews<Out>) own_text(out, results_.arena());
    results_.emit(std::move(out), window_.last());
  }

  /// Fires every pane whose last moment has been reached, a portion of rows at a time. True when none is left.
  bool fire_ripe() {
    std::size_t emitted = 0;
    for (const auto& [end, pane] : panes_.panes()) {
      if (EventTime{end.millis - 1} > watermark_) break;
      if (pane->fired) continue;
      panes_.warm(*pane);
      window_ = {saturating_sub(end, windows_.size()), end};
      current_ = pane.get();
      for (; cursor_ < pane->table.capacity(); ++cursor_) {
        if (emitted >= kEmitAtMost) return false;
        const auto* slot = pane->table.slot(cursor_);
        if (!slot) continue;
        emit(slot->key, slot->value);
        ++emitted;
      }
      cursor_ = 0;
      pane->fired = true;
    }
    return true;
  }

  void drop_expired() {
    while (!panes_.panes().empty() && expired(panes_.panes().begin()->first)) {
      panes_.drop(panes_.panes().begin()->first);
      current_ = nullptr;
    }
  }

  const TumblingWindows windows_;
  const Aggregate aggregate_;
  const Lifting lifting_;
  const KeyGroupRange key_groups_;
  const std::size_t budget_;
  PaneStore<Key, Accumulator, Merge> panes_;
  Emitter<Out> results_;
  Emitter<LateRow> late_rows_;
  LateCounters late_;
  /// Never behind what has fired, also after a restore.
  EventTime watermark_ = EventTime::min();
  Window window_{};
  PaneType* current_ = nullptr;  ///< the pane of window_
  std::size_t cursor_ = 0;       ///< how far the ripe pane being fired has been walked
};

/// The sender lifted: what arrives is what the aggregate adds.
struct LiftedBySender {
  using LateRow = Nothing;
  static constexpr bool kKeepsRows = false;
  template <class Value>
  const Value& operator()(const Value& value) const {
    return value;
  }
};

/// Whole rows travel, so that late ones can be had.
template <class RowType, class Aggregate>
struct LiftedByReceiver {
  using LateRow = RowType;
  static constexpr bool kKeepsRows = true;
  Aggregate aggregate;
  decltype(auto) operator()(const RowType& row) const { return aggregate.lift(row); }
};

}  // namespace weir
