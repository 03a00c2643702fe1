// expect: weir: route<N>() takes a function of (const Row&) that gives the index of a route
#include <weir/operators/pipeline.hpp>
#include <weir/operators/route.hpp>

struct Row {
  std::string_view kind;
};
BOOST_DESCRIBE_STRUCT(Row, (), (kind))

void say(weir::Pipeline& pipeline) {
  auto routes = pipeline.source<Row>("rows").route<2>([](const Row& row) { return row.kind; });
  routes[0].sink("out");
}
