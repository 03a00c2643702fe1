// expect: weir: say what becomes of partial matches
#include <weir/operators/pattern.hpp>
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  auto pairs = weir::pattern<Row>("a").next("b");
  auto found = pipeline.source<Row>("rows").key_by(&Row::key).detect<Row>(
      "pairs", pairs, [](const weir::Match<Row>& match) { return *match.first("a"); });
  found.timed_out().sink("out");
}
