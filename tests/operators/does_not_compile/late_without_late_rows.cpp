// expect: weir: ask for late rows first
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
  rows.key_by(&Row::key)
      .window(weir::tumbling(weir::Duration{10}))
      .aggregate("counts", weir::count())
      .late()
      .sink("late");
}
