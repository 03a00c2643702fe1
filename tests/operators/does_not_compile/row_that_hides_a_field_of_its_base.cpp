// expect first: weir: no field of a described struct has the name of a field of its base
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Derived : Row {
  double value;
};
BOOST_DESCRIBE_STRUCT(Derived, (Row), (value))

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Derived>("rows");
  rows.sink("out");
}
