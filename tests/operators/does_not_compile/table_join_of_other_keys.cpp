// expect: weir: joined tables have keys of the same type
#include <weir/operators/pipeline.hpp>
#include <weir/operators/table.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  auto left = rows.key_by(&Row::key).to_table("left");
  auto right = rows.key_by(&Row::value).to_table("right");
  left.join("join", right, [](const Row& l, const Row&) { return l; }).sink("out");
}
