#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/operator.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/operators/key_counts.hpp>
#include <weir/operators/window_results.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/operator_states.hpp>

namespace weir {

/// Aggregates keyed rows in windows by number of rows. Port 0: results, with the time of the row that completed the window; a window's
/// bounds are those of its rows' times.
///
/// State: one object a key; of windows that do not overlap until one is complete, else for as long as the job lives: an accumulator for each
/// slice of greatest-common-divisor-of-size-and-slide rows. After a restart counting goes on where the checkpoint left it.
///
/// `In` is Keyed<Key, Value>; `Intake` says how its value gets into an accumulator. `emit_partial`: at the end of the input the windows that
/// have begun are emitted, too.
template <class In, class A, class Intake>
class CountWindowOperator final : public Operator {
 public:
  using Key = typename In::Key;
  using Accumulator = typename A::Accumulator;
  using Counts = KeyCounts<Accumulator>;
  using Results = WindowResults<A, Key>;
  using Out = typename Results::Out;
  static_assert(detail::owns_text<Accumulator>(),
                "weir: an accumulator outlives its rows; let it own its text (std::string)");

  CountWindowOperator(OperatorContext context, CountWindows windows, bool emit_partial, A aggregate,
                      Intake intake)
      : windows_(windows),
        emit_partial_(emit_partial),
        intake_(std::move(intake)),
        states_(context),
        counts_(states_, "counts"),
        results_(context, std::move(aggregate)),
        watermark_(states_.restored_watermark()) {
    // Slices of other sizes would not add up to windows.
    for (const auto& part : states_.restored_parts()) windows_.check_restored(part.extra);
  }

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<In>&>(batch);
    counts_.fetch(rows.rows());
    for_each_row(0, rows.size(), [&](std::size_t i) { add(rows[i], rows.time(i)); });
    end_of_call();
  }

  bool advance_watermark(EventTime watermark) override {
    if (!is_end_of_input(watermark)) watermark_ = std::max(watermark_, watermark);
    const bool done = watermark != EventTime::max() || !emit_partial_ || emit_parts();
    end_of_call();
    return done;
  }

  void snapshot(SnapshotWriter& writer) override { states_.seal(writer, watermark_, windows_.description()); }

 private:
  struct KeyAt {
    std::uint64_t hash;
    Owned<Key> owner;
    Key key;  ///< its text is the owner's
  };

  auto merge() const {
    return [this](Accumulator& into, const Accumulator& other) { results_.aggregate.merge(into, other); };
  }

  void add(const In& row, EventTime time) {
    Counts& counts = counts_.edit(row.hash, row.key);
    Arrival arrival{time, 0};
    if constexpr (Intake::kWantsArrival) arrival.sequence = states_.next_sequence();
    intake_.add(results_.aggregate, counts.filling.accumulator, row.value, arrival);
    if (!counts.count(windows_, time)) return;
    if (windows_.slices_in_window() == 1) {
      results_.emit(row.key, counts.filling.span(), PaneKind::kOnTime, counts.filling.accumulator, time);
    } else {
      auto whole = counts.whole(merge());
      results_.emit(row.key, whole.span(), PaneKind::kOnTime, whole.accumulator, time);
    }
    if (!windows_.overlap()) counts_.erase(row.hash, row.key);
  }

  /// All keys: first those in memory, then, a key group at a time, those that are in the tier alone. What has been emitted is forgotten.
  bool emit_parts() {
    if (!emitting_) {
      emitting_ = true;
      group_ = counts_.complete() ? states_.key_groups().end : states_.key_groups().first;
      counts_.for_each([this](const Key& key, const Counts&) { note(key); });
    }
    for (;;) {
      while (at_ < keys_.size()) {
        if (results_.emitted() >= kEmitAtMost) return false;
        const KeyAt& place = keys_[at_++];
        emit_part(place.hash, place.key);
      }
      keys_.clear();
      at_ = 0;
      if (group_ >= states_.key_groups().end) return true;
      note_stored(static_cast<KeyGroup>(group_++));
    }
  }
  void note(const Key& key) {
    Owned<Key> owner(key);
    const Key own = owner.get();
    keys_.push_back({hash_key(own), std::move(owner), own});
  }
  void note_stored(KeyGroup group) {
    const std::string prefix = state_prefix(group, state_id(states_.operator_name(), "counts"), 0);
    states_.store().tier().scan(prefix, prefix_end(prefix), [&](std::string_view entry, std::string_view) {
      StateReader in(entry.substr(prefix.size()));
      note(StateCodec<Key>::decode(in));
    });
  }
  void emit_part(std::uint64_t hash, const Key& key) {
    const Counts* counts = counts_.find(hash, key);
    if (!counts) return;
    if (auto part = counts->part(windows_, merge()))
      results_.emit(key, part->span(), PaneKind::kEarly, part->accumulator, counts->last_time);
    counts_.erase(hash, key);
  }

  void end_of_call() {
    results_.flush();
    states_.settle();
  }

  const CountWindows windows_;
  const bool emit_partial_;
  const Intake intake_;
  OperatorStates states_;
  KeyedTable<Key, Counts> counts_;
  Results results_;
  EventTime watermark_;
  bool emitting_ = false;
  std::uint32_t group_ = 0;  ///< of the tier, to be looked at next
  std::vector<KeyAt> keys_;
  std::size_t at_ = 0;
};

}  // namespace weir
