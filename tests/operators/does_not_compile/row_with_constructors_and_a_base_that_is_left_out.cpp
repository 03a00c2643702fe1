// expect first: weir: a struct that has a base names it, BOOST_DESCRIBE_STRUCT(Derived, (Base), (fields
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Derived : Row {
  Derived() = default;
  double more = 0;
};
BOOST_DESCRIBE_STRUCT(Derived, (), (more))

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Derived>("rows");
  rows.sink("out");
}
