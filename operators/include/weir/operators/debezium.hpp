#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/describe.hpp>

#include <weir/core/error.hpp>
#include <weir/operators/table.hpp>

namespace weir {

/// A change event as Debezium writes it, without the schema around it (`value.converter.schemas.enable=false`): a row type for sources,
/// `pipeline.source<DebeziumEvent<Order>>("orders")`. Source: Debezium, "Change event values" of its connectors.
template <class RowType>
struct DebeziumEvent {
  using Row = RowType;
  std::optional<RowType>
      before;  ///< of a deletion; a database that gives only the key needs optional fields here
  std::optional<RowType> after;
  std::string_view op;                ///< c created, u updated, d deleted, r read by a snapshot
  std::optional<std::int64_t> ts_ms;  ///< when the connector saw it, in milliseconds
  BOOST_DESCRIBE_CLASS(DebeziumEvent, (), (before, after, op, ts_ms), (), ())
};

/// When the connector saw the event: for event_time().
template <class Row>
EventTime debezium_time(const DebeziumEvent<Row>& event) {
  return EventTime{event.ts_ms.value_or(0)};
}

namespace detail {

/// What an event says of one key.
template <class RowType>
struct CapturedRow {
  RowType row{};
  bool deleted = false;
  BOOST_DESCRIBE_CLASS(CapturedRow, (), (row, deleted), (), ())
};

[[noreturn]] inline void refuse_event(std::string_view op, std::string_view why) {
  throw FailJob("a Debezium event with op '" + std::string(op) + "' " + std::string(why));
}

/// collect(row) for each key that the event changes.
template <class KeyOf, class Row, class Collect>
void take_event(const KeyOf& key_of, const DebeziumEvent<Row>& event, Collect&& collect) {
  using Captured = CapturedRow<Row>;
  if (event.op == "c" || event.op == "u" || event.op == "r") {
    if (!event.after) refuse_event(event.op, "has no `after`");
    // A row that gets another key leaves its old one.
    if (event.before && event.op == "u" &&
        !(std::invoke(key_of, *event.before) == std::invoke(key_of, *event.after)))
      collect(Captured{*event.before, true});
    collect(Captured{*event.after, false});
  } else if (event.op == "d") {
    if (!event.before) refuse_event(event.op, "has no `before`: give the table a REPLICA IDENTITY");
    collect(Captured{*event.before, true});
  } else if (event.op == "t") {
    refuse_event(event.op, "empties the whole table, which a stream of rows cannot follow");
  } else if (event.op != "m") {  // a message that somebody wrote into the log: no row
    refuse_event(event.op, "is of no kind that is known: c, u, d and r are");
  }
}

}  // namespace detail

/// The table that change events tell of, by `key_of(const Row&)`: the rows of c, u and r as they come, those of d deleted. Events of a key must
/// come in order, as they do where Debezium writes a topic by primary key. Ends the job at an event that makes no sense.
/// `name` names the state: the last row of each key.
template <class Events, class KeyOf>
auto debezium(const std::string& name, const Events& events, KeyOf key_of, TableOptions<> options = {}) {
  using Event = typename Events::RowType;
  static_assert(
      requires(const Event& event) {
        event.before;
        event.after;
        event.op;
      },
      "weir: debezium() takes a stream of weir::DebeziumEvent<Row>");
  using Row = typename Event::Row;
  static_assert(std::invocable<const KeyOf&, const Row&>,
                "weir: debezium() takes a member of the row type as key, or a function of (const Row&)");
  using Captured = detail::CapturedRow<Row>;
  return events
      .template flat_map<Captured>(
          [key_of](const Event& event, auto&& collect) { detail::take_event(key_of, event, collect); })
      .key_by([key_of](const Captured& captured) { return std::invoke(key_of, captured.row); })
      .to_table(name, options.deleted_when(&Captured::deleted))
      .map([](const Captured& captured) { return captured.row; });
}

}  // namespace weir
