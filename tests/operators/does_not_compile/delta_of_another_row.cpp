// expect: weir: delta() takes a function of (const Row& last, const Row&)
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Other {};

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.key_by(&Row::key)
      .window(weir::global())
      .trigger(weir::delta(3, [](const Other&, const Other&) { return 1.0; }))
      .aggregate("counts", weir::count());
}
