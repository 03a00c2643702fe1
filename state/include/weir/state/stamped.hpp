#pragma once

#include <string>

#include <boost/describe.hpp>

#include <weir/core/time.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/ordered_map.hpp>
#include <weir/state/owned.hpp>
#include <weir/state/row_list.hpp>
#include <weir/state/state_ttl.hpp>

namespace weir {

/// An entry of a state that expires: what is kept, and when it was written, or read, last.
template <class Value>
struct Stamped {
  EventTime written = EventTime::min();
  Value value{};
  BOOST_DESCRIBE_CLASS(Stamped, (), (written, value), (), ())
};

/// How such an entry is called in the text of a state's type. The clock is part of it: times by one say nothing by the other.
inline std::string expiring_type(StateTtl::Clock clock, const std::string& value) {
  return (clock == StateTtl::Clock::kEventTime ? "expiring_by_event_time<" : "expiring<") + value + ">";
}

template <class Value>
struct StateCodec<Stamped<Value>> {
  static void encode(std::string& out, const Stamped<Value>& stamped) {
    StateCodec<EventTime>::encode(out, stamped.written);
    StateCodec<Value>::encode(out, stamped.value);
  }
  static Stamped<Value> decode(StateReader& in) {
    const EventTime written = StateCodec<EventTime>::decode(in);
    return {written, StateCodec<Value>::decode(in)};
  }
  static std::string type() { return expiring_type(StateTtl::Clock::kProcessingTime, state_type<Value>()); }
};

/// Gives an entry another time.
template <class Value>
void restamp(Owned<Stamped<Value>>& object, EventTime written) {
  if constexpr (kHoldsViews<Value>) object.set({written, object.get().value});
  else object.edit().written = written;
}

/// Objects of tables whose entries expire. For each:
///   needs_sweep(object, horizon)    something has expired, or has no time yet
///   sweep(object, horizon, now)     what has expired goes, what has no time gets `now`. True: nothing is left
///   entries_of(object)              what it costs to look, about
template <class Value>
bool needs_sweep(const Owned<Stamped<Value>>& object, EventTime horizon) {
  return object.get().written <= horizon || object.get().written == EventTime::min();
}
template <class Value>
bool sweep(Owned<Stamped<Value>>& object, EventTime horizon, EventTime now) {
  if (Expiry::is_over(object.get().written, horizon)) return true;
  if (object.get().written == EventTime::min()) restamp(object, now);
  return false;
}
template <class Value>
std::size_t entries_of(const Owned<Stamped<Value>>&) {
  return 1;
}

template <class Row>
bool needs_sweep(const RowList<Stamped<Row>>& list, EventTime horizon) {
  bool any = false;
  list.for_each([&](const Stamped<Row>& row, EventTime) {
    any = any || row.written <= horizon || row.written == EventTime::min();
  });
  return any;
}
template <class Row>
bool sweep(RowList<Stamped<Row>>& list, EventTime horizon, EventTime now) {
  list.rewrite([&](Stamped<Row>& row) {
    if (Expiry::is_over(row.written, horizon)) return false;
    if (row.written == EventTime::min()) row.written = now;
    return true;
  });
  return list.empty();
}
template <class Row>
std::size_t entries_of(const RowList<Stamped<Row>>& list) {
  return 1 + list.bytes() / 32;
}

template <class MapKey, class Value>
bool needs_sweep(const OrderedMap<MapKey, Stamped<Value>>& map, EventTime horizon) {
  return map.any_of([&](const Stamped<Value>& entry) {
    return entry.written <= horizon || entry.written == EventTime::min();
  });
}
template <class MapKey, class Value>
bool sweep(OrderedMap<MapKey, Stamped<Value>>& map, EventTime horizon, EventTime now) {
  map.erase_if(
      [&](const auto&, const Stamped<Value>& entry) { return Expiry::is_over(entry.written, horizon); });
  map.change_if([](const Stamped<Value>& entry) { return entry.written == EventTime::min(); },
                [&](Owned<Stamped<Value>>& entry) { restamp(entry, now); });
  return map.empty();
}
template <class MapKey, class Value>
std::size_t entries_of(const OrderedMap<MapKey, Stamped<Value>>& map) {
  return 1 + map.size();
}

/// Objects that expire as a whole.
template <class Object>
inline constexpr bool kExpiresWhole = false;
template <class Value>
inline constexpr bool kExpiresWhole<Owned<Stamped<Value>>> = true;

/// Objects of which an entry of the tier begins with its time: what the tier may clean by itself.
template <class Object>
inline constexpr bool kBeginsWithTime = false;
template <class Value>
inline constexpr bool kBeginsWithTime<Owned<Stamped<Value>>> = true;
template <class MapKey, class Value>
inline constexpr bool kBeginsWithTime<OrderedMap<MapKey, Stamped<Value>>> = true;

}  // namespace weir
