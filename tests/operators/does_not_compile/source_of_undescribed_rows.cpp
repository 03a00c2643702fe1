// expect first: weir: rows of a source are structs whose fields are described: write BOOST_DESCRIBE_STRUCT(Row, (), (field, other_field))
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
  auto rows = pipeline.source<Undescribed>("rows");
  rows.filter([](const Undescribed& row) { return row.value > 0; });
}
