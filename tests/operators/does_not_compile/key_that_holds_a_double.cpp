// expect first: weir: a key is an integer, an enum, text, or a struct described with BOOST_DESCRIBE_STRUCT
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Place {
  double latitude;
  bool operator==(const Place&) const = default;
};
BOOST_DESCRIBE_STRUCT(Place, (), (latitude))

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.key_by([](const Row& row) { return Place{row.value * 0.5}; })
      .window(weir::tumbling(weir::Duration{10}))
      .aggregate("a", weir::count())
      .sink("out");
}
