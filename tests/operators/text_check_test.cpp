#include <string>

#include <catch2/catch.hpp>

#include <weir/operators/pipeline.hpp>
#include <weir/testing/operator_harness.hpp>

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

struct Flight {
  std::string_view origin;
  std::int32_t delay;
};
BOOST_DESCRIBE_STRUCT(Flight, (), (origin, delay))

struct Note {
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Note, (), (text))
struct Report {
  std::int32_t delay;
  std::optional<Note> note;
};
BOOST_DESCRIBE_STRUCT(Report, (), (delay, note))

std::string title_of(const Flight& flight) { return "a title of some length: " + std::string(flight.origin); }

template <class Out, class Say>
auto reaching_sink(Say say) {
  Pipeline pipeline("test");
  say(pipeline.source<Flight>("flights")).sink("reports");
  auto harness = testing::harness_for<Flight, Out>(pipeline.graph(), "reports");
  for (std::int32_t n = 0; n < 3000; ++n) harness.record({n % 2 == 0 ? "JFK" : "EWR", n}, at(1s));
  return harness;
}

}  // namespace

TEST_CASE("Text that a map() makes without its arena is found on its way to the sink, with its field") {
  auto dangling = reaching_sink<Report>([](auto flights) {
    return flights.map([](const Flight& flight) {
      const std::string title = title_of(flight);
      return Report{flight.delay, Note{title}};
    });
  });
  CHECK_THROWS_WITH(dangling.output(), Catch::Contains("'reports'") && Catch::Contains("`note.text`") &&
                                           Catch::Contains("Report") && Catch::Contains("weir::Arena&"));
  auto on_the_stack = reaching_sink<Note>([](auto flights) {
    return flights.map([](const Flight& flight) {
      const std::string shortened(flight.origin.substr(0, 2));
      return Note{shortened};
    });
  });
  CHECK_THROWS_WITH(on_the_stack.output(), Catch::Contains("`text`"));
}

TEST_CASE("Text that a flat_map() or a key makes without an arena is found") {
  auto collected = reaching_sink<Note>([](auto flights) {
    return flights.template flat_map<Note>([](const Flight& flight, auto&& collect) {
      const std::string title = title_of(flight);
      collect(Note{title});
    });
  });
  CHECK_THROWS_WITH(collected.output(), Catch::Contains("`text`"));

  Pipeline pipeline("test");
  std::string last;
  pipeline.source<Flight>("flights")
      .key_by([&last](const Flight& flight) { return std::string_view(last = title_of(flight)); })
      .window(tumbling(10s))
      .aggregate("window", count())
      .sink("out");
  auto keyed =
      testing::harness_for<Flight, WindowResult<std::string_view, std::int64_t>>(pipeline.graph(), "window");
  keyed.record({"JFK", 1}, at(1s)).end();
  CHECK_THROWS_WITH(keyed.output(), Catch::Contains("'window'") && Catch::Contains("`key`"));
}

TEST_CASE("Text in arenas, in the row that came, in literals and in strings passes") {
  auto copied = reaching_sink<Report>([](auto flights) {
    return flights.map([](const Flight& flight, Arena& arena) {
      return Report{flight.delay, Note{arena.copy(title_of(flight))}};
    });
  });
  CHECK(copied.output().size() == 3000);
  CHECK(copied.output()[0].row.note->text == "a title of some length: JFK");
  auto others = reaching_sink<Note>([](auto flights) {
    return flights.filter([](const Flight& flight) { return flight.delay % 3 != 0; })
        .map([](const Flight& flight) {
          static constexpr char kStatic[] = "static";
          if (flight.delay % 3 == 1) return Note{flight.origin.substr(1)};
          return Note{flight.delay % 2 == 0 ? std::string_view("literal") : std::string_view(kStatic)};
        });
  });
  CHECK(others.output().size() == 2000);
  auto empty = reaching_sink<Note>([](auto flights) {
    return flights.map([](const Flight&) {
      const std::string nothing;
      return Note{nothing};
    });
  });
  CHECK(empty.output().size() == 3000);
}

}  // namespace weir
