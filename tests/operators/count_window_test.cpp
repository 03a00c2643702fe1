#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

using Sums = std::vector<Result<std::int64_t>>;

auto readings(Pipeline& pipeline) { return pipeline.source<Reading>("readings").key_by(&Reading::sensor); }

template <class Windows>
auto summed(Pipeline& pipeline, Windows windows) {
  windows.aggregate("window", sum(&Reading::value)).sink("results");
  return testing::harness_for<Reading, WindowResult<std::string_view, std::int64_t>>(pipeline.graph(),
                                                                                     "window");
}

/// A window from the first to the last row, emitted with the time of the row that completed it.
Result<std::int64_t> counted(std::string_view key, Duration first, Duration last, std::int64_t value,
                             Duration by) {
  return {{key, at(first), at(last) + 1ms, value}, at(by)};
}

}  // namespace

TEST_CASE(
    "A count window is complete with its last row, whatever the times; what is left at the end is dropped") {
  Pipeline pipeline("test");
  auto harness = summed(pipeline, readings(pipeline).count_window(3));
  harness.record({"a", 1}, at(5s)).record({"b", 9}, at(1s)).record({"a", 2}, at(9s)).watermark(at(20s));
  CHECK(harness.output().empty());
  harness.record({"a", 4}, at(7s)).record({"a", 8}, at(8s)).end();
  CHECK(harness.output() == Sums{counted("a", 5s, 9s, 7, 7s)});
}

TEST_CASE("Partial count windows are emitted at the end when asked for") {
  Pipeline pipeline("test");
  auto harness = summed(pipeline, readings(pipeline).count_window(3).emit_partial());
  harness.record({"a", 1}, at(1s)).record({"a", 2}, at(2s)).record({"a", 4}, at(3s)).record({"a", 8}, at(5s));
  harness.record({"b", 16}, at(4s)).end();
  CHECK(harness.output() ==
        Sums{counted("a", 1s, 3s, 7, 3s), counted("b", 4s, 4s, 16, 4s), counted("a", 5s, 5s, 8, 5s)});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A sliding count window holds the last rows, as many as there are") {
  Pipeline pipeline("test");
  auto harness = summed(pipeline, readings(pipeline).count_window(4, 2));
  for (int i = 0; i < 7; ++i) harness.record({"a", 1 << i}, at(std::chrono::seconds(i)));
  harness.end();
  CHECK(harness.output() ==
        Sums{counted("a", 0s, 1s, 3, 1s), counted("a", 0s, 3s, 15, 3s), counted("a", 2s, 5s, 60, 5s)});
}

TEST_CASE("Count windows with gaps leave out the rows between") {
  Pipeline pipeline("test");
  auto harness = summed(pipeline, readings(pipeline).count_window(2, 3));
  for (int i = 0; i < 6; ++i) harness.record({"a", 1 << i}, at(std::chrono::seconds(i)));
  harness.end();
  CHECK(harness.output() == Sums{counted("a", 1s, 2s, 6, 2s), counted("a", 4s, 5s, 48, 5s)});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A count window gives its rows to a function in the order in which they came") {
  Pipeline pipeline("test");
  readings(pipeline)
      .count_window(3, 1)
      .process<Reading>(
          "window",
          [](std::string_view sensor, const Window&, const WindowRows<Reading>& rows, auto&& collect) {
            std::int32_t digits = 0;
            for (const Reading& reading : rows) digits = digits * 10 + reading.value;
            collect(Reading{sensor, digits});
          })
      .sink("results");
  auto harness = testing::harness_for<Reading, Reading>(pipeline.graph(), "window");
  for (const int digit : {4, 2, 7, 1}) harness.record({"a", digit}, at(1s));
  harness.in_order();
  CHECK(harness.output() ==
        std::vector<testing::Timed<Reading>>{
            {{"a", 4}, at(1s)}, {{"a", 42}, at(1s)}, {{"a", 427}, at(1s)}, {{"a", 271}, at(1s)}});
}

TEST_CASE("State of count windows of another size is refused") {
  CHECK_NOTHROW(CountWindows(4, 2).check_restored("window of 4 rows every 2"));
  CHECK_THROWS_WITH(
      CountWindows(4, 1).check_restored("window of 4 rows every 2"),
      Catch::Contains("('window of 4 rows every 2') than the pipeline's ('window of 4 rows every 1')"));
}

TEST_CASE("A count window without rows is a usage error") {
  CHECK_THROWS_AS(CountWindows(0, 1), FailJob);
  CHECK_THROWS_AS(CountWindows(1, 0), FailJob);
}

}  // namespace weir
