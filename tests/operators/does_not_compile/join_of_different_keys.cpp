// expect: weir: joined streams are keyed by the same type
#include <weir/operators/interval_join.hpp>
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  auto left = pipeline.source<Row>("left").key_by(&Row::key);
  auto right = pipeline.source<Row>("right").key_by(&Row::value);
  left.join(right).between(weir::Duration{0}, weir::Duration{10});
}
