#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <weir/operators/chain.hpp>
#include <weir/operators/duplicates.hpp>
#include <weir/operators/late_rows.hpp>
#include <weir/operators/rows_in_time_order.hpp>
#include <weir/operators/tables_by_time.hpp>
#include <weir/state/timers.hpp>

namespace weir::detail {

/// Passes a row on unless one of its key has passed whose time lies less than `keep.time()` away, before or after. Port 1: late rows.
///
/// State: for each key and row that has passed, its time, in tables by time: two times that pass are a span apart, so a table of one span
/// holds at most one of a key. Dropped when the watermark is two spans and the allowed lateness further. A restart goes on where the
/// checkpoint left off: a row that came again then is found again.
template <class Key, class Row>
class FirstWithinOperator final : public Operator {
 public:
  using In = Keyed<Key, Row>;

  FirstWithinOperator(OperatorContext context, FirstWithin keep)
      : keep_(keep),
        states_(context),
        passed_(states_, "passed"),
        out_(context, 0),
        late_(context, states_.restored_watermark(), keep.lateness()) {}

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<In>&>(batch);
    fetch(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const In& row = rows[i];
      const EventTime time = rows.time(i);
      if (late_.take(row.value, time) || is_duplicate(row, time)) continue;
      passed_.at(span_of(time)).edit(row.hash, row.key) = time;
      emit_copy(out_, row.value, time);
    }
    end_of_call();
  }

  bool advance_watermark(EventTime watermark) override {
    // At the end nothing waits to come out, and what has passed is still to be known by a later run.
    if (!is_end_of_input(watermark)) late_.advance(watermark);
    const EventTime over = saturating_sub(saturating_sub(late_.watermark(), keep_.lateness()), keep_.time());
    while (!passed_.tables().empty() && passed_.tables().begin()->first < span_of(over)) passed_.drop_first();
    end_of_call();
    return true;
  }

  void snapshot(SnapshotWriter& writer) override {
    states_.seal(writer, late_.watermark(), passed_.directory());
  }

 private:
  std::int64_t span_of(EventTime time) const {
    const std::int64_t size = keep_.time().count();
    return time.millis / size - (time.millis % size < 0 ? 1 : 0);
  }
  bool is_duplicate(const In& row, EventTime time) {
    const std::int64_t span = span_of(time);
    if (near(span, row, time)) return true;
    if (keep_.time().count() == 1) return false;  // only the very same moment is near
    return near(span - 1, row, time) || near(span + 1, row, time);
  }
  bool near(std::int64_t span, const In& row, EventTime time) {
    auto* table = passed_.find(span);
    const EventTime* other = table ? table->find(row.hash, row.key) : nullptr;
    if (!other) return false;
    // Both lie in neighbouring spans, so that their difference does not overflow.
    const std::int64_t apart = time.millis - other->millis;
    return apart < keep_.time().count() && -apart < keep_.time().count();
  }
  /// Reads what the tier has of the batch's keys, one read a table.
  void fetch(const RowBatch<In>& rows) {
    if (states_.store().mode() == StateMode::kHeap) return;
    bool all_here = true;
    for (const auto& [span, table] : passed_.tables()) all_here = all_here && table->complete();
    if (all_here) return;
    std::map<std::int64_t, std::vector<KeyRef>> by_span;
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::int64_t neighbour = -1; neighbour <= 1; ++neighbour)
        by_span[span_of(rows.time(i)) + neighbour].push_back({rows[i].hash, rows[i].key});
    for (const auto& [span, keys] : by_span)
      if (auto* table = passed_.find(span)) table->fetch(keys);
  }
  void end_of_call() {
    out_.flush();
    late_.flush();
    states_.settle();
  }
  struct KeyRef {
    std::uint64_t hash;
    Key key;
  };

  const FirstWithin keep_;
  OperatorStates states_;
  TablesByTime<Key, EventTime> passed_;
  Emitter<Row> out_;
  RowsBehindWatermark<Row> late_;
};

/// An open span of a key: its last millisecond, and the last row so far.
template <class Row>
struct SpanOfRows {
  EventTime end;
  Owned<Row> last;
  std::size_t heap_bytes() const { return last.heap_bytes(); }
};

}  // namespace weir::detail

namespace weir {

template <class Row>
struct StateCodec<detail::SpanOfRows<Row>> {
  static void encode(std::string& out, const detail::SpanOfRows<Row>& span) {
    StateCodec<EventTime>::encode(out, span.end);
    StateCodec<Owned<Row>>::encode(out, span.last);
  }
  static detail::SpanOfRows<Row> decode(StateReader& in) {
    const EventTime end = StateCodec<EventTime>::decode(in);
    return {end, StateCodec<Owned<Row>>::decode(in)};
  }
  static std::string type() { return "{end:event_time,last:" + state_type<Row>() + "}"; }
};

}  // namespace weir

namespace weir::detail {

/// Emits the last row of each span of a key, with the span's last millisecond as its time. Port 1: late rows.
///
/// State: rows from their coming until the watermark reaches them, then the last one of the open span of each key. Both are there again
/// after a restart.
template <class Key, class Row>
class LastWithinOperator final : public Operator {
 public:
  using In = Keyed<Key, Row>;

  LastWithinOperator(OperatorContext context, LastWithin keep)
      : keep_(keep),
        states_(context),
        waiting_(states_, "waiting"),
        last_(states_, "last"),
        ends_(states_, "span ends"),
        out_(context, 0),
        late_(context, states_.restored_watermark()) {}

  static void describe(std::vector<StateDescription>& states) {
    RowsInTimeOrder<Key, Row>::describe(states, "waiting");
    states.push_back({"last", state_type<Key>(), state_type<SpanOfRows<Row>>()});
    states.push_back({"span ends", state_type<Key>(), TimerSet::type_name()});
  }

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<In>&>(batch);
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (!late_.take(rows[i].value, rows.time(i)))
        waiting_.add(rows[i].hash, rows[i].key, rows[i].value, rows.time(i));
    end_of_call();
  }

  /// A row ends the span before it; what no row has ended, its timer ends.
  bool advance_watermark(EventTime watermark) override {
    const bool ended = is_end_of_input(watermark);
    if (ended) states_.note_end();
    else late_.advance(watermark);
    std::size_t emitted = 0;
    const auto go_on = [&] { return emitted < kEmitAtMost; };
    const bool rows_done = waiting_.release(
        watermark, go_on, [&](std::uint64_t hash, const Key& key, const Row& row, EventTime time) {
          const SpanOfRows<Row>* open = last_.find(hash, key);
          if (open && open->end < time) {
            ends_.remove(hash, key, open->end);
            if (ended) note_end_of_span(open->end);
            emit_last(hash, key, *open, emitted);
            open = nullptr;
          }
          const EventTime end = open ? open->end : last_of_span(time);
          if (!open) ends_.set(hash, key, end);
          SpanOfRows<Row>& span = last_.edit(hash, key);
          span.end = end;
          span.last.set(row);
        });
    const bool done =
        rows_done && ends_.fire(watermark, go_on, [&](std::uint64_t hash, const Key& key, EventTime end) {
          if (ended) note_end_of_span(end);
          emit_last(hash, key, *last_.find(hash, key), emitted);
        });
    end_of_call();
    return done;
  }

  void snapshot(SnapshotWriter& writer) override { states_.seal(writer, late_.watermark()); }

 private:
  EventTime last_of_span(EventTime first) const { return saturating_add(first, keep_.time() - Duration{1}); }

  /// At the end of the input its row comes out: what comes behind it is late, in a later run as well.
  void note_end_of_span(EventTime end) {
    if (!is_end_of_input(end)) late_.advance(end);
  }
  void emit_last(std::uint64_t hash, const Key& key, const SpanOfRows<Row>& span, std::size_t& emitted) {
    emit_copy(out_, span.last.get(), span.end);
    last_.erase(hash, key);
    ++emitted;
  }
  void end_of_call() {
    out_.flush();
    late_.flush();
    states_.settle();
  }

  const LastWithin keep_;
  OperatorStates states_;
  RowsInTimeOrder<Key, Row> waiting_;
  KeyedTable<Key, SpanOfRows<Row>> last_;
  Timers<Key> ends_;
  Emitter<Row> out_;
  RowsBehindWatermark<Row> late_;
};

}  // namespace weir::detail
