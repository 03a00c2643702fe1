// expect: weir: top(n, by) takes a member of this stream's row type
#include <weir/operators/pipeline.hpp>
#include <weir/operators/top_n.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Other {
  int value;
};

void say(weir::Pipeline& pipeline) {
  pipeline.source<Row>("rows").key_by(&Row::key).top_n("top", weir::top(3, &Other::value)).sink("out");
}
