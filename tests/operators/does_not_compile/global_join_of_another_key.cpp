// expect: weir: a global join takes a member
#include <weir/operators/pipeline.hpp>
#include <weir/operators/table.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  auto table = rows.key_by(&Row::key).to_table("table");
  rows.join_global("join", table, &Row::value, [](const Row& row, const Row&) { return row; }).sink("out");
}
