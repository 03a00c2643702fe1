// expect: weir: an inner join takes a function of (const LeftRow&, const RightRow&) that returns Out
#include <weir/operators/interval_join.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/operators/temporal_join.hpp>
#include <weir/operators/window_join.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Undescribed {
  int value;
};

void say(weir::Pipeline& pipeline) {
  auto left = pipeline.source<Row>("left").key_by(&Row::key);
  auto right = pipeline.source<Row>("right").key_by(&Row::key);
  left.join_as_of(right).inner<Row>("join", [](const Row&, const Row& r) { return Undescribed{r.value}; });
}
