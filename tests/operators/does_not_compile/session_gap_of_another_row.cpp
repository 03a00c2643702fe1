// expect: weir: session() takes a gap, or a function of (const Row&)
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
      .window(weir::session([](const Other&) { return weir::Duration{10}; }))
      .aggregate("counts", weir::count());
}
