#pragma once

#include <optional>
#include <utility>

#include <weir/core/time.hpp>

namespace weir {

/// No row stands for a deletion.
struct NeverDeleted {
  template <class Row>
  constexpr bool operator()(const Row&) const {
    return false;
  }
};

/// How a table follows from what arrives, and when it says so. Begin with table_options().
template <class DeletedWhen = NeverDeleted>
struct TableOptions {
  DeletedWhen deleted{};
  bool by_event_time = false;
  std::optional<Duration> at_watermark;  ///< the step
  std::optional<Duration> time_to_live;

  /// Rows for which `predicate(const Row&)` holds stand for the deletion of their key. Only for to_table().
  template <class Predicate>
  TableOptions<Predicate> deleted_when(Predicate predicate) const {
    return {std::move(predicate), by_event_time, at_watermark, time_to_live};
  }
  /// Of a key's rows the one with the largest event time counts; of equal times the one that came last. Without this it is the one that
  /// came last, whatever its time: right where a key's rows come in order, as from one partition of a topic. A deletion is remembered until
  /// the watermark has passed it: a row that comes even later makes the key anew. Only for to_table().
  TableOptions latest_by_event_time() const {
    TableOptions changed = *this;
    changed.by_event_time = true;
    return changed;
  }
  /// Holds what arrives until the watermark has passed its event time, and takes it in in the order of event times: of each key at most one change
  /// a `step` of event time (of whole steps since 1970), at the step's last millisecond. So what is emitted does not depend on the order of
  /// arrival, nor on when watermarks come; and tables that are made of such tables, with the same step, are consistent: they show
  /// nothing but states that were true at the end of a step. Costs the wait for the watermark, and state for the rows that wait.
  TableOptions emit_at_watermark(Duration step = Duration{1}) const {
    TableOptions changed = *this;
    changed.at_watermark = step;
    return changed;
  }
  /// A key of which nothing has come for this much event time is deleted, once the watermark has passed that moment. What is made of the
  /// table follows.
  TableOptions expire_after(Duration duration) const {
    TableOptions changed = *this;
    changed.time_to_live = duration;
    return changed;
  }
};
inline TableOptions<> table_options() { return {}; }

/// When a table that is made of others says what has changed: at once, or as emit_at_watermark() says.
struct Emission {
  std::optional<Duration> at_watermark;  ///< the step

  operator TableOptions<>() const { return {{}, false, at_watermark, {}}; }
};
/// The same as TableOptions::emit_at_watermark(), for aggregates of tables and joins.
inline Emission emit_at_watermark(Duration step = Duration{1}) { return {step}; }

/// When join_global() begins to join.
struct GlobalJoinStart {
  bool at_first_watermark = false;
};
/// Rows wait until the first watermark comes, from all inputs: that is the end of the table's source, where that is bounded and has no
/// event time, so that every row is joined with the whole table. Rows that wait are in memory and in the manifest: for tables that are read
/// in no time. Two sources of one group, `align(1min, "side")`, the table's with event times and a strategy that gives no watermark, keep them few.
inline GlobalJoinStart once_complete() { return {true}; }

}  // namespace weir
