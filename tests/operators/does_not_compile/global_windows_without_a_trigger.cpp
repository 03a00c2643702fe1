// expect: weir: global windows never end, so say when they fire
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Other {};

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.key_by(&Row::key).window(weir::global()).aggregate("counts", weir::count());
}
