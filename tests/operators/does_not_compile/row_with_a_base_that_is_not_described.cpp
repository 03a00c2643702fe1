// expect first: weir: a base that is named in BOOST_DESCRIBE_STRUCT(Derived, (Base), (fields
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Base {
  int id;
};
struct Derived : Base {
  double more;
};
BOOST_DESCRIBE_STRUCT(Derived, (Base), (more))

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Derived>("rows");
  rows.sink("out");
}
