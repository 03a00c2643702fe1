// expect: weir: a key is an integer, an enum, text, or a struct described
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
  rows.key_by([](const Row& row) { return 0.5 * row.value; })
      .window(weir::tumbling(weir::Duration{10}))
      .aggregate("counts", weir::count())
      .sink("out");
}
