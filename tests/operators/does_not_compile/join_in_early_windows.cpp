// expect: weir: a window join takes weir::tumbling(), sliding(), cumulative() or calendar_days(), without
#include <weir/operators/pipeline.hpp>
#include <weir/operators/window_join.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  auto left = pipeline.source<Row>("left").key_by(&Row::key);
  auto right = pipeline.source<Row>("right").key_by(&Row::key);
  left.join(right).window(weir::tumbling(weir::Duration{10}).early_every(weir::Duration{1}));
}
