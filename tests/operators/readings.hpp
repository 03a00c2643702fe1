#pragma once

#include <string_view>

#include <weir/operators/pipeline.hpp>
#include <weir/testing/operator_harness.hpp>

namespace weir {

/// The rows of these tests.
struct Reading {
  std::string_view sensor;
  std::int32_t value;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (sensor, value))

template <class Value, class Key = std::string_view>
using Result = testing::Timed<WindowResult<Key, Value>>;

/// A result as a tumbling window emits it: at its last millisecond.
template <class Value, class Key = std::string_view>
Result<Value, Key> result(std::type_identity_t<Key> key, Duration start, Duration end, Value value) {
  return {{key, testing::at(start), testing::at(end), value}, testing::at(end - Duration{1})};
}

/// A pipeline of one window aggregate `window` over readings.
template <bool kEarly, class Aggregate>
JobGraph windowed(AlignedWindows<kEarly> windows, Aggregate aggregate) {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings")
      .key_by(&Reading::sensor)
      .window(windows)
      .aggregate("window", aggregate)
      .sink("results");
  return pipeline.graph();
}

template <bool kEarly, class Aggregate>
auto window_harness(AlignedWindows<kEarly> windows, Aggregate aggregate) {
  using Bound = decltype(detail::bind_row<Reading>(aggregate));
  using Value = decltype(std::declval<Bound>().result(std::declval<typename Bound::Accumulator>()));
  return testing::harness_for<Reading, WindowResult<std::string_view, Value>>(windowed(windows, aggregate),
                                                                              "window");
}

}  // namespace weir
