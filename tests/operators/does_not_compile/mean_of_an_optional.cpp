// expect first: weir: mean() takes a member that is a number
#include <optional>
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
  std::optional<int> maybe;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value, maybe))

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.key_by(&Row::key)
      .window(weir::tumbling(weir::Duration{10}))
      .aggregate("a", weir::mean(&Row::maybe))
      .sink("out");
}
