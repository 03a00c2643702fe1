// expect: weir: process<Out>() takes a function of (const Key&, const Window&, const WindowRows<Row>&
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Other {};

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.key_by(&Row::key).count_window(10).process<Row>(
      "rows of ten", [](std::string_view, const weir::Window&, const weir::WindowRows<Row>&) {});
}
