// expect: weir: async<Out>() takes a function of (const Row&, weir::AsyncResult<Out>)
#include <weir/operators/async.hpp>
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Undescribed {
  int value;
};

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.async<Row>("ask", [](const Undescribed&, weir::AsyncResult<Row>) {});
}
