// expect: weir: a reduced row outlives its rows
#include <weir/operators/pipeline.hpp>
#include <weir/operators/table.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  const auto first = [](const Row& a, const Row&) { return a; };
  rows.key_by(&Row::key).to_table("table").group_by(&Row::value).reduce("first", first, first).sink("out");
}
