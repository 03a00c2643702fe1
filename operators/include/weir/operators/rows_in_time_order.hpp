#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include <weir/core/job_graph.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/ordered_map.hpp>
#include <weir/state/timers.hpp>

namespace weir {

/// Where a waiting row stands: by event time, then in the order in which rows came.
struct RowPlace {
  EventTime time;
  std::uint64_t sequence;
};
BOOST_DESCRIBE_STRUCT(RowPlace, (), (time, sequence))

/// Puts rows in order of event time: each waits, as state of its key, until the watermark has reached its time. For operators that must
/// see a key's rows in order. Two states, `rows` and `rows times`.
template <class Key, class Row>
class RowsInTimeOrder {
 public:
  RowsInTimeOrder(OperatorStates& states, const std::string& state_name)
      : states_(states), rows_(states, state_name), times_(states, state_name + " times") {}

  void add(std::uint64_t hash, const Key& key, const Row& row, EventTime time) {
    rows_.edit(hash, key).put({time, states_.next_sequence()}, row);
    times_.set(hash, key, time);
  }
  /// visit(hash, key, row, time) for the rows at `watermark` and before, in order of time over all keys. Between moments of a key it stops
  /// when go_on() says false. True when none is left. A visit must not add rows.
  template <class GoOn, class Visit>
  bool release(EventTime watermark, GoOn&& go_on, Visit&& visit) {
    return times_.fire(watermark, go_on, [&](std::uint64_t hash, const Key& key, EventTime time) {
      Waiting* waiting = rows_.edit_if(hash, key);
      WEIR_ASSERT(waiting, "a key with a time has rows");
      released_.clear();
      waiting->for_range({time, 0}, {time, std::numeric_limits<std::uint64_t>::max()},
                         [&](const RowPlace& place, const Row& row) {
                           visit(hash, key, row, time);
                           released_.push_back(place);
                         });
      for (const RowPlace& place : released_) waiting->erase(place);
      if (waiting->empty()) rows_.erase(hash, key);
    });
  }

  static std::string type() { return "waiting<" + state_type<Row>() + ">"; }
  static void describe(std::vector<StateDescription>& states, const std::string& state_name) {
    states.push_back({state_name, state_type<Key>(), type()});
    states.push_back({state_name + " times", state_type<Key>(), TimerSet::type_name()});
  }

 private:
  using Waiting = OrderedMap<RowPlace, Row>;

  OperatorStates& states_;
  KeyedTable<Key, Waiting> rows_;
  Timers<Key> times_;
  std::vector<RowPlace> released_;  ///< of the moment at hand; kept for its memory
};

}  // namespace weir
