// expect first: weir: sum() takes a member that is a number
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.key_by(&Row::key)
      .window(weir::tumbling(weir::Duration{10}))
      .aggregate("a", weir::sum([](const Row& row) { return row.value * 2; }))
      .sink("out");
}
