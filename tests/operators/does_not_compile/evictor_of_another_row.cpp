// expect: weir: evict() takes a function of (WindowRows<Row>&)
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
      .window(weir::session(weir::Duration{10}))
      .evict([](weir::WindowRows<Other>&) {})
      .aggregate("counts", weir::count());
}
