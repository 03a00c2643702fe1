// compiles: what the others are made of
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Undescribed {
  int value;
};

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.filter([](const Row& row) { return row.value > 0; })
      .map([](const Row& row) { return row; })
      .key_by(&Row::key)
      .window(weir::tumbling(weir::Duration{10}))
      .late_rows()
      .aggregate("counts", weir::count())
      .sink("out");
}
