// expect: weir: union_with() takes streams of the same row type
#include <weir/operators/pipeline.hpp>
#include <weir/operators/union.hpp>

struct Row {
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (value))

struct Other {
  int value;
};
BOOST_DESCRIBE_STRUCT(Other, (), (value))

void say(weir::Pipeline& pipeline) {
  auto others = pipeline.source<Other>("others");
  pipeline.source<Row>("rows").union_with(others).sink("out");
}
