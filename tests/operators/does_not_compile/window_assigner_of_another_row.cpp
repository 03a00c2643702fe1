// expect: weir: window() takes tumbling(), sliding(), session(), global() and the like, or an assigner
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
      .window([](weir::EventTime, const Other&) { return weir::Window{}; })
      .aggregate("counts", weir::count());
}
