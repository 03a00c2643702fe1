// expect: weir: a stream is joined with a keyed stream: put key_by() behind it
#include <weir/operators/pipeline.hpp>
#include <weir/operators/window_join.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  pipeline.source<Row>("left").key_by(&Row::key).join(pipeline.source<Row>("right"));
}
