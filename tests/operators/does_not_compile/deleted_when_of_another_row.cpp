// expect: weir: deleted_when() takes a predicate
#include <weir/operators/pipeline.hpp>
#include <weir/operators/table.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.key_by(&Row::key)
      .to_table("table", weir::table_options().deleted_when([](int) { return true; }))
      .sink("out");
}
