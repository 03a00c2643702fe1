// expect: weir: debezium() takes a stream of weir::DebeziumEvent<Row>
#include <weir/operators/debezium.hpp>
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  weir::debezium("table", pipeline.source<Row>("rows"), &Row::key).sink("out");
}
