// expect: weir: joined streams are keyed by the same type
#include <weir/operators/pipeline.hpp>
#include <weir/operators/temporal_join.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  auto left = pipeline.source<Row>("left").key_by(&Row::key);
  left.join_latest(pipeline.source<Row>("right").key_by(&Row::value));
}
