// expect first: weir: state holds numbers, enums, text, times
#include <map>
#include <tuple>
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Keep {
  weir::ValueState<std::map<int, int>> seen{"seen"};
  auto states() { return std::tie(seen); }
  void process(const Row& row, auto& context) { context.emit(row); }
};

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.key_by(&Row::key).process<Row>("p", Keep{}).sink("out");
}
