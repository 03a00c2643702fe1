// expect: weir: rows that reach a sink are structs described with BOOST_DESCRIBE_STRUCT
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Undescribed {
  int value;
};

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.map([](const Row& row) { return Undescribed{row.value}; }).sink("out");
}
