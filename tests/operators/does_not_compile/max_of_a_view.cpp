// expect first: weir: max() takes a member that has an order and owns its text
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
      .aggregate("a", weir::max(&Row::key))
      .sink("out");
}
